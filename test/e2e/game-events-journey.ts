/** The write-up of the game's event API, line by line, against the running example. Used with either log. */
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { readdir, readFile, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { afterAll, beforeAll, it } from 'vitest'
import { root } from '../house/sources.ts'
import { sendValue, sqlRows, startExample, valuesOf, type Example } from './example.ts'
import { getJson, postJson, until } from './instance.ts'

const SWORD = '\nSword Purchased!\n'
const KNIFE = '\nKnife Purchased!\n'
const GUILD = '\nGuild Joined!\n'
const DEFAULT = '\nThis is the default response!\n'

/** The eight calls in the write-up's order, with what each answers and stores. */
const EIGHT = [
  ['/', DEFAULT, '{"event_type": "default"}'],
  ['/purchase_a_sword', SWORD, '{"event_type": "purchase_sword"}'],
  ['/', DEFAULT, '{"event_type": "default"}'],
  ['/join_guild', GUILD, '{"event_type": "join_guild"}'],
  ['/join_guild', GUILD, '{"event_type": "join_guild"}'],
  ['/purchase_a_knife', KNIFE, '{"event_type": "purchase_knife"}'],
  ['/purchase_a_knife', KNIFE, '{"event_type": "purchase_knife"}'],
  ['/purchase_a_sword', SWORD, '{"event_type": "purchase_sword"}'],
] as const
const FOUR = [
  ['/', 'default'],
  ['/purchase_a_sword', 'purchase_sword'],
  ['/purchase_a_knife', 'purchase_knife'],
  ['/join_guild', 'join_guild'],
] as const

const CURL = { accept: '*/*', 'user-agent': 'curl/7.47.0' }
/** Debian package `kcat`; without it another client reads the topic. */
const KCAT = 'kcat'
const hasKcat = spawnSync(KCAT, ['-V']).error === undefined

export interface JourneyWorld {
  readonly dataDir: string
  /** `host:port` of a cluster that keeps the log. */
  readonly kafka?: string
}

export function gameEventsJourney(open: () => Promise<JourneyWorld>): void {
  let world: JourneyWorld
  let example: Example
  let started: Example | undefined

  const start = async (script?: string): Promise<void> => {
    started = await startExample({ name: 'game-events', ...world, ...(script && { script }) })
    example = started
  }
  const values = async (count: number): Promise<string[]> => {
    if (!hasKcat) return valuesOf(example.bootstrap, 'game_events', count)
    const args = ['-C', '-b', example.bootstrap, '-t', 'game_events', '-o', 'beginning', '-e', '-q']
    const { stdout } = await promisify(execFile)(KCAT, args)
    return stdout.trimEnd().split('\n')
  }
  const millrace = (...args: string[]): Promise<{ stdout: string }> => {
    const main = join(root, 'dist/cli/main.js')
    return promisify(execFile)(process.execPath, [main, ...args, '--url', example.url])
  }

  beforeAll(async () => {
    world = await open()
    await start()
  })
  afterAll(async () => {
    await started?.stop()
  })

  it('S1.1: the eight calls answer as the original does, with one line of the access log each', async () => {
    for (const [path, answer] of EIGHT) {
      const got = await fetch(example.url + path, { headers: CURL })
      assert.deepEqual([got.status, await got.text()], [200, answer])
    }
    const lines = await until('eight lines of the access log', () => {
      const found = example.output().match(/"path":"\/[a-z_]*","status":200/g) ?? []
      return found.length >= EIGHT.length ? found : undefined
    })
    assert.equal(lines.length, EIGHT.length)
  })

  it('S1.1: the topic holds exactly the eight values of the write-up', async () => {
    assert.deepEqual(
      await values(8),
      EIGHT.map(([, , value]) => value),
    )
  })

  it('S1.1, S1.4: the second version adds four with three headers, and no other header is kept', async () => {
    await example.stop()
    await start('start:headers')
    const secret = { cookie: 'session=TOPSECRET', authorization: 'Bearer TOPSECRET' }
    for (const [path] of FOUR) {
      assert.equal(
        (await fetch(example.url + path, { headers: { ...CURL, ...secret } })).status,
        200,
      )
    }
    const host = new URL(example.url).host
    const withHeaders = FOUR.map(
      ([, type]) =>
        `{"Host": "${host}", "event_type": "${type}", "Accept": "*/*", "User-Agent": "curl/7.47.0"}`,
    )
    assert.deepEqual(await values(12), [...EIGHT.map(([, , value]) => value), ...withHeaders])
  })

  it('S1.6, S1.8: all shapes are one table, with NULL where a field is absent, and the counts', async () => {
    await fetch(`${example.url}/purchase_a_knife?description=sharp`, { headers: CURL })
    const { url } = example
    assert.deepEqual(await sqlRows(url, 'select count(*) from game_events'), [[13]])
    assert.deepEqual(
      await sqlRows(
        url,
        'select event_type, count(*) from game_events group by event_type order by event_type',
      ),
      [
        ['default', 3],
        ['join_guild', 3],
        ['purchase_knife', 4],
        ['purchase_sword', 3],
      ],
    )
    assert.deepEqual(
      await sqlRows(
        url,
        `select count("Host"), count("User-Agent"), count(description) from game_events`,
      ),
      [[5, 5, 1]],
    )
  })

  it('S1.8: files lie by type and day, and a reader of the folders counts the same', async () => {
    await postJson(example.url, '/v1/flush', {})
    const folder = await realpath(join(world.dataDir, 'lake/game_events/current'))
    const rows = new Map<string, number>()
    for (const name of await readdir(folder, { recursive: true })) {
      if (!name.endsWith('.parquet')) continue
      const [, type = ''] =
        /^event_type=([a-z_]+)\/day=\d{4}-\d{2}-\d{2}\/[^/]+\.parquet$/.exec(name) ?? []
      assert.notEqual(type, '', name)
      const file = await asyncBufferFromFile(join(folder, name))
      const read = await parquetReadObjects({ file, compressors })
      assert.ok(read.every((row) => row['event_type'] === type))
      rows.set(type, (rows.get(type) ?? 0) + read.length)
    }
    assert.deepEqual(Object.fromEntries(rows), {
      default: 3,
      join_guild: 3,
      purchase_knife: 4,
      purchase_sword: 3,
    })
  })

  it('S1.7: a message that is no JSON is a dead letter, and the job goes on', async () => {
    await sendValue(example.bootstrap, 'game_events', 'not json')
    await fetch(`${example.url}/join_guild`)
    await until('the event after it is a row', async () => {
      const [[rows] = []] = await sqlRows(example.url, 'select count(*) from game_events')
      return rows === 14 ? true : undefined
    })
    interface Letter {
      readonly deadLetter: { readonly reason: string; readonly offset: number }
    }
    const records = await until('the batch with the dead letter', async () => {
      const path = '/v1/topics/game_events/dead-letters'
      const letters = await getJson<{ records: Letter[] }>(example.url, path)
      return letters.records.length > 0 ? letters.records : undefined
    })
    assert.deepEqual(
      records.map(({ deadLetter }) => deadLetter.offset),
      [13],
    )
    assert.match(records[0]?.deadLetter.reason ?? '', /not JSON/)
    const { stdout } = await millrace('dead-letters', 'list')
    assert.match(
      stdout,
      /^game_events +0 +open +\S+ +sink +0:13 +.*the value is not JSON.* not json$/m,
    )
  })

  it('S1.3: parameters by query, JSON body and path, by GET, POST and DELETE, are fields of the event', async () => {
    const json = { 'content-type': 'application/json' }
    for (const [path, call] of [
      ['/purchase_a_sword?sword_type=katana', {}],
      ['/purchase_a_sword', { method: 'POST', headers: json, body: '{"sword_type":"sabre"}' }],
      ['/join_guild/grubs', { method: 'DELETE' }],
    ] as const) {
      assert.equal((await fetch(example.url + path, call)).status, 200, path)
    }
    assert.deepEqual(
      await sqlRows(
        example.url,
        `select event_type, sword_type, guild, direction from game_events
         where sword_type is not null or guild is not null order by _offset`,
      ),
      [
        ['purchase_sword', 'katana', null, null],
        ['purchase_sword', 'sabre', null, null],
        ['join_guild', null, 'grubs', 'reduce'],
      ],
    )
    const bad = await fetch(`${example.url}/purchase_a_sword?sword=katana`)
    assert.equal(bad.status, 422)
    assert.match(await bad.text(), /\/sword/)
  })

  it('S1.14: doctor names a topic that is written by another name', async () => {
    await sendValue(example.bootstrap, 'game-events', '{"event_type": "default"}')
    const failed = await millrace('doctor').then(
      () => assert.fail('doctor found nothing'),
      (error: unknown) => error as { stdout: string },
    )
    assert.match(
      failed.stdout,
      /NOT topic game-events: unknown topic .+\n +did you mean game_events\?/,
    )
  })

  it('S1.4: the secrets are in no file', async () => {
    await example.stop()
    const folder = await realpath(world.dataDir)
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue
      const bytes = await readFile(join(entry.parentPath, entry.name))
      assert.equal(bytes.includes('TOPSECRET'), false, entry.name)
    }
    await start('start:headers')
  })
}

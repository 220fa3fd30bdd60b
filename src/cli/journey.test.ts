/** One app from `start` to `reset`, by the compiled command alone: what a person would type, in the order they would. */
import {
  existsSync,
  statSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSqlEngine } from '../sql/index.ts'
import { runCommand, startCommand, type RunningCommand } from './command-line.fixture.ts'

const APP = `
import { classifier, defineApp, regressor, source, sql, topic, z } from 'millrace'

export default defineApp({
  name: 'journey',
  topics: {
    ratings: topic({
      key: 'userId',
      eventTime: 'timestamp',
      batch: { rows: 500 },
      schema: z.object({
        userId: z.int(), movieId: z.int(), rating: z.number(), timestamp: z.int(), title: z.string().optional(),
      }),
    }),
  },
  features: {
    user: sql\`select userId, count(*) as user_ratings, avg(rating) as user_mean from ratings group by userId\`,
    movie: sql\`select movieId, count(*) as movie_ratings, avg(rating) as movie_mean from ratings group by movieId\`,
  },
  models: {
    like: classifier({ label: 'rating >= 4.0', features: ['user', 'movie'], retrain: { batches: 4 } }),
    rating: regressor({ label: 'rating', kind: 'bias', categories: ['userId', 'movieId'], retrain: { batches: 4 } }),
  },
  sources: [source({ topic: 'ratings', generator: { name: 'movielens', seed: 1, options: { events: 2000 } } })],
})
`

let cwd: string
let running: RunningCommand
const env = { LOG_LEVEL: 'error' }
const start = (): RunningCommand => startCommand(['start', 'app.ts', '--port', '0'], { cwd, env })

async function millrace(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand(args, { cwd })
  if (code !== 0) throw new Error(`millrace ${args.join(' ')} exited with ${code}: ${stderr}`)
  return stdout
}
const json = async <T>(...args: string[]): Promise<T> =>
  JSON.parse(await millrace(...args, '--json')) as T

async function stop(command: RunningCommand): Promise<{ code: number | null; seconds: number }> {
  const begun = performance.now()
  command.child.kill('SIGTERM')
  const { code } = await command.finished
  return { code, seconds: (performance.now() - begun) / 1000 }
}

beforeAll(async () => {
  cwd = realpathSync(mkdtempSync(join(tmpdir(), 'millrace-journey-')))
  writeFileSync(join(cwd, 'app.ts'), APP)
  running = start()
  await running.seen('Models serve. Try:')
  await running.seen(/curl[^\n]*\n[^\n]*curl[^\n]*\n/)
}, 120_000)
afterAll(async () => {
  running.child.kill('SIGKILL')
  await running.finished
  rmSync(cwd, { recursive: true, force: true })
})

test('the lines that start prints work when pasted', async () => {
  const lines = [...running.output().matchAll(/curl -s (\S+) -H '([^:]+): ([^']+)' -d '([^']+)'/g)]
  expect(lines.length).toBeGreaterThanOrEqual(2)
  for (const [, url = '', name = '', value = '', body = ''] of lines) {
    const response = await fetch(url, { method: 'POST', headers: { [name]: value }, body })
    expect(response.status, body).toBe(200)
  }
})

test('B15: a Parquet file of rows becomes one of answers, as REST gives them, also after a kill', async () => {
  const engine = await openSqlEngine()
  const rows = async (file: string) =>
    (await engine.query(`select * from read_parquet('${join(cwd, file)}')`)).rows
  try {
    await engine.run(`copy (
      select (1 + i % 300)::bigint as userId, (1 + (i * 7) % 500)::integer as movieId, 'row ' || i as note
      from range(30000) t(i)
    ) to '${join(cwd, 'rows.parquet')}' (format parquet, row_group_size 5000)`)
    const bulk = ['predict', 'like', '--in', 'rows.parquet', '--out']
    const killed = startCommand([...bulk, 'again.parquet'], { cwd, env })
    const part = join(cwd, 'again.parquet.part')
    while (!existsSync(part) || statSync(part).size < 300_000) {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    killed.child.kill('SIGKILL')
    await killed.finished
    expect(existsSync(join(cwd, 'again.parquet'))).toBe(false)

    const whole = await json<{ rows: number; resumed: number }>(...bulk, 'scores.parquet')
    expect(whole).toMatchObject({ model: 'like', rows: 30_000, resumed: 0 })
    const resumed = await json<{ rows: number; resumed: number }>(...bulk, 'again.parquet')
    expect(resumed.rows).toBe(30_000)
    expect(resumed.resumed).toBeGreaterThan(1_000)
    const scores = await rows('scores.parquet')
    expect(await rows('again.parquet')).toEqual(scores)
    expect(existsSync(part)).toBe(false)

    const asked = scores.slice(4_000, 5_000).map(([userId, movieId]) => ({ userId, movieId }))
    const [base = ''] = /http:\/\/127\.0\.0\.1:\d+/.exec(running.output()) ?? []
    const url = `${base}/v1/models/like/predict`
    const answer = (await (
      await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(asked),
      })
    ).json()) as { version: number; predictions: Record<string, unknown>[] }
    expect(
      answer.predictions.map(({ label, probability, fallback }, at) => [
        asked[at]?.userId,
        asked[at]?.movieId,
        `row ${4_000 + at}`,
        label,
        probability,
        (fallback as { unknown: string[] } | undefined)?.unknown.join(', ') ?? null,
        `like@${answer.version}`,
      ]),
    ).toEqual(scores.slice(4_000, 5_000))
  } finally {
    await engine.close()
  }
})

test('B15: what cannot be is said before a file is begun', async () => {
  writeFileSync(join(cwd, 'rows.jsonl'), '{"userId":1,"movieId":1}\n{"userId":2}\n')
  const refused = async (...args: string[]) =>
    (await runCommand(['predict', ...args], { cwd })).stderr
  expect(await refused('like', '--in', 'rows.jsonl', '--out', 'rows.jsonl')).toMatch(
    /there already/,
  )
  expect(await refused('like', '--in', 'rows.jsonl', '--out', 'x.parquet')).toMatch(/as Parquet/)
  expect(await refused('like', '--in', 'none.jsonl', '--out', 'x.jsonl')).toMatch(/none\.jsonl/)
  expect(await refused('like', '--in', 'rows.jsonl', '--out', 'x.jsonl')).toMatch(
    /rows 1 to 1000 were refused: .*movieId/,
  )
})

test('lists are tables for people and JSON for programs', async () => {
  expect(await millrace('topics', 'list')).toMatch(/^TOPIC +PARTITIONS +RECORDS/)
  const topics = await json<{ name: string; records: number }[]>('topics', 'list')
  expect(topics).toMatchObject([{ name: 'ratings', records: 2000 }])
  expect(await millrace('topics', 'describe', 'ratings')).toContain('timestamp')
  expect(await json<unknown[]>('batches', 'list', '--table', 'ratings')).toHaveLength(4)
  expect(await millrace('batches', 'show', 'ratings', '1')).toContain('cut by rows')
  expect(await millrace('groups', 'list')).toContain('ratings')
  expect(await millrace('tables', 'list')).toContain('ratings')
  expect(await millrace('models', 'list')).toMatch(/like +classifier/)
  expect(await millrace('models', 'show', 'like@1')).toContain('digest')
  expect(await millrace('models', 'history', 'like')).toContain('promoted')
  expect(await millrace('evaluate', 'like')).toMatch(/auc +0\.\d+ +0\.5/)
  expect(await millrace('tables', 'show', 'ratings')).toMatch(
    /no partition columns[^]*userId +integer/,
  )
  expect(await millrace('status')).toContain('journey at http://127.0.0.1:')
  expect(await millrace('doctor')).toMatch(
    /^ok {2}serve: ready$[^]*^ok {2}stored files: lake, log/m,
  )
})

test('sql answers as a table, CSV, JSON and lines, also from stdin', async () => {
  const query = 'select count(*) as n, min(userId) as first from ratings'
  expect(await millrace('sql', query)).toMatch(/n +first\n2000 +\d+/)
  expect(await millrace('sql', query, '--format', 'csv')).toMatch(/^n,first\n2000,\d+\n$/)
  expect(await json('sql', query)).toMatchObject([{ n: 2000 }])
  const piped = await runCommand(['sql', '--format', 'ndjson'], { cwd, input: query })
  expect(JSON.parse(piped.stdout)).toMatchObject({ n: 2000 })
  const wrong = await runCommand(['sql', 'selec'], { cwd })
  expect([wrong.code, wrong.stdout]).toEqual([1, ''])
})

test('consume prints values as they were sent and stops where it is told', async () => {
  const lines = (await millrace('consume', 'ratings', '--from', 'beginning', '--max', '3'))
    .trimEnd()
    .split('\n')
  expect(lines).toHaveLength(3)
  expect(JSON.parse(lines[0] ?? '')).toHaveProperty('movieId')
  const follow = startCommand(['consume', 'ratings', '--from', 'end', '--max', '1', '--json'], {
    cwd,
  })
  await expect
    .poll(
      async () => {
        await send({ userId: 9_000_001, movieId: 1, rating: 3, timestamp: 1 })
        return follow.output()
      },
      { timeout: 20_000 },
    )
    .toContain('9000001')
  expect((await follow.finished).code).toBe(0)
})

async function send(event: object): Promise<void> {
  await fetch(`${addressOf(running)}/v1/topics/ratings/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(event),
  })
}
const addressOf = (command: RunningCommand): string =>
  /REST +(\S+)/.exec(command.output())?.[1] ?? ''

test('produce goes on where it stopped, puts bad rows aside, joins, and keeps a rate', async () => {
  const data = join(cwd, 'data')
  mkdirSync(data)
  const rows = Array.from({ length: 300 }, (_, i) => `${i + 1},${(i % 3) + 1},4.0,${1000 + i}`)
  rows[10] = '11,not a movie,4.0,1010'
  writeFileSync(join(data, 'more.csv'), ['userId,movieId,rating,timestamp', ...rows].join('\n'))
  writeFileSync(join(data, 'movies.csv'), 'movieId,title\n1,"One, and only"\n2,Two\n2,Twice\n')

  const dry = await json<{ accepted: number; rejected: number }>(
    'produce',
    'data/more.csv',
    '--topic',
    'ratings',
    '--dry-run',
  )
  expect(dry).toMatchObject({ accepted: 299, rejected: 1 })
  const first = await json('produce', 'data/more.csv', '--topic', 'ratings', '--limit', '100')
  expect(first).toMatchObject({ position: 100, accepted: 99, rejected: 1 })
  const second = await json('produce', 'data/more.csv', '--topic', 'ratings')
  expect(second).toMatchObject({ position: 300, accepted: 200, duplicates: 0 })
  const third = await json('produce', 'data/more.csv', '--topic', 'ratings')
  expect(third).toMatchObject({ read: 0, accepted: 0 })
  const letters = await json<{ n: number }[]>(
    'sql',
    "select count(*) n from ratings where _source = 'http' and rating = 4.0 and timestamp < 2000",
  )
  expect(letters).toMatchObject([{ n: 299 }])

  const joined = await millrace(
    'import',
    'data/more.csv',
    '--topic',
    'joined',
    '--lookup',
    'movies.csv:movieId:title',
  )
  expect(joined).toMatch(/199 events matched/)
  expect(joined).toMatch(/without a match: 101 events, such as 3, not a movie/)
  expect(joined).toMatch(/duplicate keys: 1, such as 2/)
  expect(await millrace('consume', 'joined', '--from', 'beginning', '--max', '1')).toContain(
    'One, and only',
  )

  const begun = performance.now()
  const paced = await json('produce', 'data/more.csv', '--topic', 'paced', '--rate', '200/s')
  const seconds = (performance.now() - begun) / 1000
  expect(paced).toMatchObject({ accepted: 300 })
  expect(seconds).toBeGreaterThan(1.4)
})

test('dead letters are listed, shown, mended and dropped, and the ledger adds up', async () => {
  expect(await millrace('dead-letters', 'list', 'ratings')).toMatch(
    /TOPIC +ID +STATE +AT +STAGE +RECORD +REASON +VALUE\nratings +0 +open +\S+ +ingest +- +\/movieId .* \{"userId":11,"movieId":"not a movie"/,
  )
  const still = await runCommand(['dead-letters', 'retry', 'ratings'], { cwd })
  expect([still.code, /0: dead letter 0 .* stays open/.test(still.stderr)]).toEqual([1, true])
  writeFileSync(
    join(cwd, 'fix.ts'),
    `export default (event: object, letter: { id: number }) =>
      ({ ...event, movieId: 100 + letter.id })`,
  )
  expect(await millrace('dead-letters', 'retry', 'ratings', '--fix', 'fix.ts')).toContain(
    '1 retried, 0 still bad',
  )
  expect(await json('sql', 'select userId from ratings where movieId = 100')).toMatchObject([
    { userId: 11 },
  ])
  expect(await millrace('dead-letters', 'show', 'ratings', '0')).toMatch(/state +retried, landed/)
  expect(await json('dead-letters', 'list', 'ratings', '--state', 'open')).toEqual([])
  expect(await json('dead-letters', 'drop', 'ratings', '--yes')).toEqual({ dropped: [] })
  const [ledger] = await json<{ received: number; deadLettered: number; difference: number }[]>(
    'ledger',
    'ratings',
  )
  expect(ledger).toMatchObject({ deadLettered: 0, difference: 0 })
  expect(await millrace('ledger')).toMatch(/^TOPIC +RECEIVED +IN LAKE.*\nratings +\d+/)
})

test('train waits and prints the versions; promote and roll back change what serves', async () => {
  const table = await millrace('train', 'like', '--parts', '2')
  expect(table).toMatch(/VERSION +SET +ROWS +METRICS +GATE +REASON/)
  expect(table).toMatch(/cumulative 1 of 2/)
  await millrace('models', 'promote', 'like@1', '--reason', 'a test')
  const [prediction] = await json<{ model: string }[]>(
    'predict',
    'like',
    '--row',
    '{"userId":1,"movieId":1}',
  )
  expect(prediction?.model).toBe('like@1')
  expect(await millrace('models', 'rollback', 'like')).toMatch(/like@\d+ serves again/)
  const unknown = await runCommand(['train', 'nothing'], { cwd })
  expect([unknown.code, unknown.stderr.includes('like, rating')]).toEqual([2, true])
}, 60_000)

test('flush, topics create and delete, groups reset', async () => {
  await millrace('flush')
  expect(await millrace('topics', 'create', 'games', '-p', '3')).toContain('3 partitions')
  expect(await millrace('groups', 'reset', 'g', '--topic', 'games', '--to-earliest')).toMatch(
    /games +2 +0/,
  )
  expect(await millrace('groups', 'describe', 'g')).toContain('LOG-END-OFFSET')
  const unasked = await runCommand(['topics', 'delete', 'games'], { cwd })
  expect(unasked.code).toBe(2)
  await millrace('topics', 'delete', 'games', '--yes')
})

test('backup and restore: the copy has what the folder had, and a broken one is refused', async () => {
  const query = 'select count(*) n from ratings'
  const [before] = await json<{ n: number }[]>('sql', query)
  expect(await millrace('backup', 'copy.tar')).toContain('millrace restore')
  const again = await runCommand(['backup', 'copy.tar'], { cwd })
  expect([again.code, again.stderr.includes('name another file')]).toEqual([2, true])
  expect(await millrace('restore', 'copy.tar', '--data-dir', 'copy')).toMatch(/is as it was at 20/)
  expect(await json('sql', query, '--data-dir', 'copy')).toEqual([before])
  expect(await millrace('models', 'list', '--data-dir', 'copy')).toMatch(/like +classifier/)
  truncateSync(join(cwd, 'copy.tar'), 100_000)
  const broken = await runCommand(['restore', 'copy.tar', '--data-dir', 'other'], { cwd })
  expect([broken.code, /cut off|cannot be read/.test(broken.stderr)]).toEqual([1, true])
  expect(await millrace('backup', 'far.tar', '--url', addressOf(running))).toContain('far.tar')
  await millrace('restore', 'far.tar', '--data-dir', 'far')
}, 60_000)

test('a second start on the same folder is told who has it; reset waits for it to end', async () => {
  const second = await start().finished
  expect([second.code, /in use|owns|uses/.test(second.stderr)]).toEqual([1, true])
  const reset = await runCommand(['reset', '--yes'], { cwd })
  expect([reset.code, reset.stderr.includes('stop it first')]).toEqual([1, true])
})

test('SIGTERM ends with 0 within ten seconds; reading works on the folder; the next start goes on; reset deletes', async () => {
  const { code, seconds } = await stop(running)
  expect(code).toBe(0)
  expect(seconds).toBeLessThan(10)
  const [{ n } = { n: 0 }] = await json<{ n: number }[]>('sql', 'select count(*) n from ratings')
  expect(n).toBeGreaterThanOrEqual(2299)
  expect(await millrace('models', 'list')).toMatch(/like +classifier/)
  const refused = await runCommand(['flush'], { cwd })
  expect(refused.code).toBe(1)

  const begun = performance.now()
  running = start()
  await running.seen('Models serve. Try:')
  expect((performance.now() - begun) / 1000).toBeLessThan(15)
  expect(await json('sql', 'select count(*) n from ratings')).toMatchObject([{ n }])
  // As under npm, where Ctrl-C comes from the terminal and from npm.
  running.child.kill('SIGINT')
  await running.seen('stopping: finishing')
  running.child.kill('SIGINT')
  expect((await running.finished).code).toBe(0)

  running = start()
  await running.seen('is listening')
  running.child.kill('SIGTERM')
  running.child.kill('SIGINT')
  expect((await running.finished).code).toBe(130)
  expect(await millrace('reset', '--yes')).toContain('is deleted')
}, 90_000)

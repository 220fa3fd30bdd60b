/** A table with partition columns in a whole app: what SQL, training and foreign readers see of it. */
import { mkdtemp, readdir, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { openSqlEngine } from '../sql/index.ts'
import { classifier, day, defineApp, topic } from './authoring.ts'
import type { RunningApp } from './running-app.ts'
import { startApp } from './start-app.ts'

const app = defineApp({
  name: 'plays',
  topics: {
    plays: topic({
      schema: z.object({
        event_type: z.string().nullable(),
        user: z.int(),
        liked: z.boolean(),
        ts: z.int(),
      }),
      eventTime: 'ts',
      batch: { rows: 100, idle: '1h' },
      table: { partitionBy: ['event_type', day('ts')] },
    }),
  },
  models: {
    like: classifier({ label: 'liked', columns: ['user'], minRows: 100, gate: { minRows: 10 } }),
  },
})

let dataDir: string
let running: RunningApp | undefined

beforeEach(async () => {
  dataDir = join(await mkdtemp(join(tmpdir(), 'millrace-partitions-')), 'data')
})
afterEach(async () => {
  await running?.stop()
  running = undefined
  await rm(join(dataDir, '..'), { recursive: true, force: true })
})

const start = async (): Promise<RunningApp> => (running = await startApp(app, { dataDir }))

const NAMES = [
  'Home',
  'home',
  'NextSong',
  'a/b c',
  '50%=x',
  '007',
  '2018-10-01',
  'Zürich 🎸',
  'null',
  "it's",
]
/** The last second of the year: its day is 2018-12-31 in UTC, whatever the week-year says. */
const NEW_YEAR = 1_546_300_799

async function* send(events: readonly object[]): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(events.map((event) => JSON.stringify(event)).join('\n'))
}

async function play(to: RunningApp, first: number, count: number): Promise<void> {
  const events = Array.from({ length: count }, (_, index) => {
    const n = first + index
    const event_type =
      n % 20 === 19 ? null : n % 20 === 18 ? '' : n % 20 === 17 ? 'x'.repeat(400) : NAMES[n % 10]
    return { event_type, user: n % 7, liked: n % 7 > 3, ts: NEW_YEAR + (n % 2) * 1_000 }
  })
  const format = 'ndjson' as const
  const result = await to.ingest.receive('plays', send(events), { format, source: 'test' })
  expect(result.accepted).toBe(count)
}

const ask = async (of: RunningApp, sql: string) => (await of.query.run(sql)).rows

const COUNTS = `select event_type, day, count(*)::int from plays group by all order by all nulls last`

test('SQL sees history and tail as one table, with every value as it was sent', async () => {
  const first = await start()
  await play(first, 0, 150)
  expect(await ask(first, 'select count(*) from plays')).toEqual([[150]])
  const live = await ask(first, COUNTS)
  await first.sinks.get('plays')?.flush()
  expect(await ask(first, COUNTS)).toEqual(live)
  expect(live.filter(([, at]) => at === '2018-12-31').length).toBeGreaterThan(5)
  expect(await ask(first, "select count(*) from plays where event_type = '007'")).toEqual([[15]])
  expect(await ask(first, "select count(*) from plays where event_type = ''")).toEqual([[7]])
  expect(await ask(first, 'select count(*) from plays where event_type is null')).toEqual([[7]])
  expect(await ask(first, 'select count(*) from plays where length(event_type) = 400')).toEqual([
    [7],
  ])
  expect(await ask(first, "select count(*) from plays where day = date '2018-12-31'")).toEqual([
    [75],
  ])
  const columns = await ask(first, 'describe plays')
  expect(columns.slice(0, 5).map((column) => column.slice(0, 2))).toEqual([
    ['event_type', 'VARCHAR'],
    ['user', 'BIGINT'],
    ['liked', 'BOOLEAN'],
    ['ts', 'BIGINT'],
    ['day', 'VARCHAR'],
  ])
  const plan = await ask(
    first,
    "explain analyze select count(*) from plays where event_type = 'Home' and day = '2018-12-31'",
  )
  const [, read, all] = /Scanning Files: (\d+)\/(\d+)/.exec(JSON.stringify(plan)) ?? []
  expect(Number(all) - Number(read)).toBeGreaterThan(10)
})

test('readers of the plain folder agree, with hive_partitioning and without', async () => {
  const first = await start()
  await play(first, 0, 300)
  await first.sinks.get('plays')?.flush()
  const wanted = await ask(first, COUNTS)
  const folder = await realpath(join(dataDir, 'lake', 'plays', 'current'))
  const engine = await openSqlEngine()
  const types = "hive_types = {'event_type': VARCHAR, 'day': VARCHAR}"
  const plain = await engine.query(
    COUNTS.replace('plays', `read_parquet('${folder}/**/*.parquet', hive_partitioning = false)`),
  )
  expect(plain.rows).toEqual(wanted)
  // A folder cannot tell the empty text, and one that is too long for it, from NULL.
  const hive = await engine.query(
    COUNTS.replace(
      'plays',
      `read_parquet('${folder}/**/*.parquet', hive_partitioning = true, ${types})`,
    ),
  )
  const asHive = new Map<string, number>()
  for (const [type, at, count] of wanted) {
    const isTold = typeof type === 'string' && !['', 'null'].includes(type) && type.length < 200
    const name = isTold ? type : null
    const key = JSON.stringify([name, at])
    asHive.set(key, (asHive.get(key) ?? 0) + Number(count))
  }
  expect(
    new Map(hive.rows.map(([type, at, count]) => [JSON.stringify([type, at]), count])),
  ).toEqual(asHive)
  await engine.close()
  const offsets: number[] = []
  for (const name of await readdir(folder, { recursive: true })) {
    if (!name.endsWith('.parquet')) continue
    const file = await asyncBufferFromFile(join(folder, name))
    const rows = await parquetReadObjects({ file, compressors })
    for (const row of rows) {
      offsets.push(Number(row['_offset']))
      expect(name.split('/')[1]).toBe(`day=${String(row['day'])}`)
    }
  }
  expect(offsets.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, n) => n))
})

test('P10: a model trains on all of it; the lost lake is written again, file for file', async () => {
  const first = await start()
  await play(first, 0, 330)
  await first.sinks.get('plays')?.flush()
  const [job] = await first.trainer.train({ model: 'like', trigger: 'manual', by: 'test' })
  await expect.poll(() => first.trainer.job(job!.id)?.state, { timeout: 20_000 }).toBe('succeeded')
  expect(first.registry.versions('like')[0]?.lineage.rows).toBe(330)
  const files = first.lake.table('plays').snapshot().files
  expect(files.length).toBeGreaterThan(40)
  const wanted = await ask(first, COUNTS)
  await first.stop()
  await rm(join(dataDir, 'lake', 'plays'), { recursive: true })
  const second = await start()
  expect(second.lake.table('plays').snapshot().files).toEqual(files)
  expect(await ask(second, COUNTS)).toEqual(wanted)
})

/** A whole app on a temporary folder: every room is the real one. */
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { createRandom } from '../kernels/index.ts'
import { classifier, defineApp, sql, topic } from './authoring.ts'
import type { AppDefinition } from './define-app.ts'
import type { RunningApp } from './running-app.ts'
import { startApp } from './start-app.ts'

const app = defineApp({
  name: 'visits',
  topics: {
    visits: topic({
      schema: z.object({ user: z.int(), page: z.int(), liked: z.boolean(), at: z.int() }),
      key: 'user',
      eventTime: 'at',
      batch: { rows: 100, idle: '1h' },
    }),
  },
  features: {
    user: sql`select user, count(*) as visits, (count(*) filter (where liked) + 1) / (count(*) + 2) as share
      from visits group by user`,
  },
  models: {
    like: classifier({
      label: 'liked',
      features: ['user'],
      retrain: { batches: 2 },
      minRows: 150,
      gate: { minRows: 10, maxLabelShift: 1 },
    }),
  },
})

let dataDir: string
let running: RunningApp | undefined

beforeEach(async () => {
  dataDir = join(await mkdtemp(join(tmpdir(), 'millrace-app-')), 'data')
})
afterEach(async () => {
  await running?.stop()
  running = undefined
  await rm(join(dataDir, '..'), { recursive: true, force: true })
})

async function start(definition: AppDefinition = app): Promise<RunningApp> {
  running = await startApp(definition, { dataDir })
  return running
}

/** Users below 10 like nearly everything, the others nearly nothing; seed 7. */
async function visit(to: RunningApp, first: number, count: number): Promise<void> {
  const random = createRandom(7 + first)
  const lines = Array.from({ length: count }, (_, index) => {
    const user = random.int(20)
    const liked = random.uniform() < (user < 10 ? 0.9 : 0.1)
    return JSON.stringify({ user, page: index % 7, liked, at: 1_700_000_000 + first + index })
  })
  const result = await to.ingest.receive('visits', bytes(lines.join('\n')), {
    format: 'ndjson',
    source: 'test',
  })
  expect(result.accepted).toBe(count)
}

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(text)
}

const rowsOf = async (of: RunningApp, text: string): Promise<readonly (readonly unknown[])[]> =>
  (await of.query.run(text)).rows

test('an event is found by SQL as soon as it is acknowledged, and once', async () => {
  const first = await start()
  for (let count = 1; count <= 3; count++) {
    await first.routes.publish('visits', { user: 1, page: 1, liked: true, at: 1_700_000_000 })
    expect(await rowsOf(first, 'select count(*) from visits')).toEqual([[count]])
  }
  await first.sinks.get('visits')?.flush()
  await first.routes.publish('visits', { user: 2, page: 1, liked: true, at: 1_700_000_001 })
  expect(await rowsOf(first, 'select user, _offset from visits order by _offset')).toEqual([
    [1, 0],
    [1, 1],
    [1, 2],
    [2, 3],
  ])
  expect(await rowsOf(first, 'select count(*) from VISITS')).toEqual([[4]])
  expect((await rowsOf(first, 'show tables')).map(([name]) => name)).toContain('visits')
  expect(await readdir(join(dataDir, 'lake', '.queries'))).toEqual([])
})

test('an event that breaks the schema is refused with its field', async () => {
  const first = await start()
  await expect(
    first.routes.publish('visits', { user: 1, page: '1', liked: true, at: 1 }),
  ).rejects.toMatchObject({ code: 'CORE_INVALID_INPUT', message: expect.stringContaining('/page') })
})

test('ingest and queries are ready without a model, and serving says what it waits for', async () => {
  const first = await start()
  await visit(first, 0, 120)
  const committed = () =>
    first.sinks
      .get('visits')
      ?.batches()
      .filter(({ state }) => state === 'committed').length
  await expect.poll(committed).toBe(1)
  expect(await first.readiness()).toEqual([
    { role: 'ingest', ready: true, waiting: [], warnings: [] },
    { role: 'query', ready: true, waiting: [], warnings: [] },
    {
      role: 'serve',
      ready: false,
      waiting: ['like needs 150 labelled events, has 100'],
      warnings: [],
    },
  ])
  await expect(first.serving.predict('like', [{ user: 1 }])).rejects.toMatchObject({
    code: 'SERVING_NOT_READY',
  })
})

test('a disk that cannot store is told within 2 s, and that it can again', async () => {
  const first = await start()
  const ingest = async (): Promise<boolean | undefined> =>
    (await first.readiness('ingest'))[0]?.ready
  expect(await ingest()).toBe(true)
  await rm(join(dataDir, 'run'), { recursive: true })
  await expect.poll(ingest, { timeout: 2_000 }).toBe(false)
  expect((await first.readiness('ingest'))[0]?.waiting[0]).toContain('cannot store data')
  await mkdir(join(dataDir, 'run'))
  await expect.poll(ingest, { timeout: 5_000 }).toBe(true)
})

test('batches train a version that serves, is logged, and is there again after a restart', async () => {
  const first = await start()
  await visit(first, 0, 410)
  await expect
    .poll(() => first.serving.live().map(({ model }) => model), { timeout: 20_000 })
    .toEqual(['like'])
  const [fan, other] = (await first.serving.predict('like', [{ user: 1 }, { user: 15 }]))
    .predictions
  expect([fan?.label, other?.label]).toEqual([1, 0])
  await expect
    .poll(() => rowsOf(first, 'select model, label, request from predictions order by _offset'))
    .toEqual([
      ['like', 1, '{"user":1}'],
      ['like', 0, '{"user":15}'],
    ])
  expect(await first.readiness('serve')).toEqual([
    { role: 'serve', ready: true, waiting: [], warnings: [] },
  ])
  expect(await first.metricsText()).toContain('millrace_lake_rows{table="visits"} 400')
  const before = first.serving.live()[0]
  await first.stop()
  expect(first.sinks.get('visits')?.batches().at(-1)).toMatchObject({ trigger: 'stop', rows: 10 })

  const second = await start()
  expect(second.serving.live()).toMatchObject([
    { version: before?.version, digest: before?.digest },
  ])
  expect(await rowsOf(second, 'select count(*) from predictions')).toEqual([[2]])
  expect(await rowsOf(second, 'select count(*), count(distinct _offset) from visits')).toEqual([
    [410, 410],
  ])
  await visit(second, 410, 5)
  expect((await second.sinks.get('visits')?.flush())?.number).toBe(6)
})

test('a lake that was removed is rebuilt with the same files', async () => {
  const digests = (of: RunningApp): string[] =>
    of.lake
      .table('visits')
      .snapshot()
      .files.map(({ name, sha256 }) => `${name} ${sha256}`)
  const first = await start()
  await visit(first, 0, 250)
  await first.sinks.get('visits')?.flush()
  const before = digests(first)
  expect(before).toHaveLength(3)
  await first.stop()
  await rm(join(dataDir, 'lake'), { recursive: true })
  expect(digests(await start())).toEqual(before)
})

test('only one process owns a data folder, and the folder is for its owner alone', async () => {
  await start()
  await expect(startApp(app, { dataDir })).rejects.toMatchObject({ code: 'LOG_IN_USE' })
  expect((await stat(dataDir)).mode & 0o777).toBe(0o700)
  expect(await readFile(join(dataDir, 'FORMAT'), 'utf8')).toBe('millrace-data 1\n')
  expect((await readdir(dataDir)).toSorted()).toEqual(['FORMAT', 'lake', 'log', 'registry', 'run'])
})

test('a start that fails closes what it had opened', async () => {
  const broken = {
    ...app,
    features: { user: 'select user, median(page) as m from visits group by user' },
  }
  await expect(startApp(broken, { dataDir })).rejects.toMatchObject({
    code: 'FEATURE_NOT_INCREMENTAL',
  })
  expect((await start()).startedAt).toMatch(/^\d{4}-/)
})

test('a folder of something else, or of a newer version, is left alone', async () => {
  await mkdir(dataDir)
  await writeFile(join(dataDir, 'thesis.txt'), 'x')
  await expect(start()).rejects.toMatchObject({ code: 'APP_DATA_FOLDER' })
  await rm(join(dataDir, 'thesis.txt'))
  await writeFile(join(dataDir, 'FORMAT'), 'millrace-data 2\n')
  await expect(start()).rejects.toMatchObject({ code: 'APP_FORMAT_NEWER' })
  expect(await readdir(dataDir)).toEqual(['FORMAT'])
})

test('stop is idempotent, and a stopping app says so', async () => {
  const first = await start()
  const stops = [first.stop(), first.stop()]
  expect((await first.readiness('ingest'))[0]?.waiting).toEqual(['the app is stopping'])
  await Promise.all(stops)
  await expect(first.log.topics()).rejects.toMatchObject({ code: 'LOG_CLOSED' })
})

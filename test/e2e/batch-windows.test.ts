/** Check S0.4 from outside: batches by time windows, on idle and on SIGTERM; sliding sets over batches that are stored once. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { getJson, startInstance, until, type Instance } from './instance.ts'
import { anomaliesOf, readLake } from './lake-reader.ts'

const APP = `import { defineApp, recommender, sliding, topic, z } from 'millrace'
const schema = z.object({ user: z.string(), item: z.string(), at: z.int() })
export default defineApp({
  name: 'windows-test',
  topics: {
    tumbling: topic({ schema, batch: { every: '1s' } }),
    idle: topic({ schema, batch: { every: '1h', idle: '1s' } }),
    listens: topic({ schema, eventTime: 'at', batch: { rows: 100 } }),
  },
  models: {
    songs: recommender({
      from: 'listens', user: 'user', item: 'item', kind: 'popularity',
      set: sliding({ length: '60s', slide: '20s' }), retrain: { batches: 1000 },
    }),
  },
})
`
interface Batch {
  readonly rows: number
  readonly trigger: string
  readonly state: string
}
interface Version {
  readonly lineage: { readonly rows: number; readonly batches: readonly [number, number] }
}

let folder: string
let instance: Instance
const start = async (): Promise<void> => {
  instance = await startInstance({ dataDir: join(folder, 'data'), app: join(folder, 'app.ts') })
}
const rowsOf = (from: number, count: number) =>
  Array.from({ length: count }, (_, i) => ({
    user: `u${(from + i) % 40}`,
    item: `i${((from + i) * 7) % 90}`,
    // Ten of them a second of event time: a batch of 100 is ten seconds.
    at: 1_700_000_000_000 + (from + i) * 100,
  }))
async function send(topic: string, from: number, count: number): Promise<void> {
  const body = rowsOf(from, count).map((row) => `${JSON.stringify(row)}\n`)
  const headers = { 'content-type': 'application/x-ndjson' }
  const url = `${instance.url}/v1/topics/${topic}/events`
  const response = await fetch(url, { method: 'POST', headers, body: body.join('') })
  expect(response.status, await response.text()).toBe(202)
}
async function committed(table: string, rows: number): Promise<Batch[]> {
  return until(`${rows} rows of ${table} are committed`, async () => {
    const answer = await getJson<{ batches: Batch[] }>(
      instance.url,
      `/v1/tables/${table}/batches?limit=100`,
    )
    const done = answer.batches.filter(({ state }) => state === 'committed')
    return done.reduce((sum, batch) => sum + batch.rows, 0) === rows ? done : undefined
  })
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-windows-'))
  await writeFile(join(folder, 'app.ts'), APP)
  await start()
})
afterAll(async () => {
  await instance.kill()
  await rm(folder, { recursive: true, force: true })
})

test('S0.4: a batch is cut when its time is over, on idle, and on SIGTERM; the sum of rows is what was sent', async () => {
  await send('idle', 0, 30)
  for (let tick = 0; tick < 6; tick++) {
    await send('tumbling', tick * 50, 50)
    await pause(400)
  }
  const windows = await committed('tumbling', 300)
  expect(windows.length).toBeGreaterThanOrEqual(2)
  expect(new Set(windows.map(({ trigger }) => trigger))).toEqual(new Set(['time']))
  expect(await committed('idle', 30)).toMatchObject([{ rows: 30, trigger: 'idle' }])
  // An hour is not over, nor a second without rows: what is open is written by the stop.
  await send('idle', 30, 12)
  expect(await instance.stop()).toBe(0)
  await start()
  const [, last] = await committed('idle', 42)
  expect(last).toMatchObject({ rows: 12 })
  expect(anomaliesOf(await readLake(join(folder, 'data'), 'tumbling'))).toEqual([])
  expect(anomaliesOf(await readLake(join(folder, 'data'), 'idle'))).toEqual([])
}, 60_000)

test('S0.4: sliding sets overlap over disjoint batches, and each row is stored once', async () => {
  const train = async (version: number): Promise<Version['lineage']> => {
    const url = `${instance.url}/v1/models/songs/train`
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(url, { method: 'POST', headers, body: '{}' })
    expect(answer.status, await answer.text()).toBe(202)
    const path = `/v1/models/songs/versions/${version}`
    const found = await until(`version ${version} is there`, async () => {
      const response = await fetch(instance.url + path)
      return response.ok ? ((await response.json()) as Version) : undefined
    })
    return found.lineage
  }
  await send('listens', 0, 800)
  await committed('listens', 800)
  const first = await train(1)
  await send('listens', 800, 200)
  await committed('listens', 1_000)
  const second = await train(2)
  expect([first.batches, second.batches]).toEqual([
    [3, 8],
    [5, 10],
  ])
  expect([first.rows, second.rows]).toEqual([600, 600])
  const files = await readLake(join(folder, 'data'), 'listens')
  expect(anomaliesOf(files)).toEqual([])
  expect(files.reduce((sum, { rows }) => sum + rows.length, 0)).toBe(1_000)
}, 60_000)

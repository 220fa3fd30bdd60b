/** Check S4.2 from outside: batches by rows and by idle time, and a `kill -9` between them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { getJson, startInstance, until, type Instance } from './instance.ts'
import { anomaliesOf, readLake } from './lake-reader.ts'
import { ratings, sendRatings } from './ratings.ts'

const APP = `import { defineApp, topic, z } from 'millrace'
export default defineApp({
  name: 'batches-test',
  topics: {
    ratings: topic({
      schema: z.object({ userId: z.int(), movieId: z.int(), rating: z.number(), timestamp: z.int() }),
      batch: { rows: 1000, idle: '2s' },
    }),
  },
})
`
interface Batch {
  readonly number: number
  readonly rows: number
  readonly trigger: string
  readonly state: string
}

let folder: string
let instance: Instance

const start = async (): Promise<void> => {
  instance = await startInstance({ dataDir: join(folder, 'data'), app: join(folder, 'app.ts') })
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-batches-'))
  await writeFile(join(folder, 'app.ts'), APP)
  await start()
})
afterAll(async () => {
  await instance.kill()
  await rm(folder, { recursive: true, force: true })
})

test('S4.2, trap 3, trap 18: 2,500 events with a kill -9 after 1,500 are batches of 1000, 1000 and 500, none twice', async () => {
  const rows = ratings({ seed: 7, from: 0, count: 2_500 })
  await sendRatings(instance.url, rows.slice(0, 1_500))
  // The 500 that are acknowledged and in no batch are what a consumer that commits too early would lose.
  await instance.kill()
  await start()
  await sendRatings(instance.url, rows.slice(1_500))
  const batches = await until('three batches are committed', async () => {
    const answer = await getJson<{ batches: Batch[] }>(instance.url, '/v1/tables/ratings/batches')
    const done = answer.batches.filter(({ state }) => state === 'committed')
    return done.reduce((sum, batch) => sum + batch.rows, 0) === 2_500 ? done : undefined
  })
  expect(batches.map(({ number, rows: count, trigger }) => [number, count, trigger])).toEqual([
    [1, 1000, 'rows'],
    [2, 1000, 'rows'],
    [3, 500, 'idle'],
  ])
  const files = await readLake(join(folder, 'data'), 'ratings')
  expect(anomaliesOf(files)).toEqual([])
  expect(files.flatMap((file) => file.rows.map((row) => Number(row['timestamp'])))).toEqual(
    rows.map(({ timestamp }) => timestamp),
  )
}, 60_000)

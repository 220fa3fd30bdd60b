import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { columnsOf, silentLogger, silentMetrics, systemClock } from '../core/index.ts'
import { openFeatureStore, type FeatureStore } from '../features/index.ts'
import { openLake } from '../lake/index.ts'
import { openLog } from '../log/index.ts'
import { openRegistry } from '../registry/index.ts'
import { createManualClock } from '../testing/index.ts'
import { openServing } from './open-serving.ts'
import { servingConformance } from './serving.conformance.ts'
import { audit, fillRatings, MODELS, type ServingBench } from './serving-samples.ts'
import type { Serving } from './serving.ts'

const columns = columnsOf(
  z.object({ userId: z.int(), movieId: z.int(), rating: z.number(), timestamp: z.int() }),
)
const views = [
  {
    name: 'user',
    sql: 'select userId, avg(rating) as user_mean, count(*) as user_count from ratings group by userId',
  },
  {
    name: 'movie',
    sql: 'select movieId, avg(rating) as movie_mean from ratings group by movieId',
  },
]

/** Users 1 to 5 rate movie 7 ten times their id, always with their id; the last event is at 5,000. */
const events = [1, 2, 3, 4, 5].flatMap((userId) =>
  Array.from({ length: 10 * userId }, (_, index) => ({
    userId,
    movieId: 7,
    rating: userId,
    timestamp: userId * 1_000 - index,
  })),
)

let store: FeatureStore
let closeStore: () => Promise<void>

beforeAll(async () => {
  const root = await mkdtemp(join(tmpdir(), 'millrace-serving-features-'))
  const log = await openLog({ dir: join(root, 'log') })
  await log.createTopic({ name: 'ratings' })
  const records = events.map((event) => ({
    key: null,
    value: Buffer.from(JSON.stringify(event)),
    headers: [],
    timestamp: 0,
  }))
  await log.append('ratings', records)
  const parts = { clock: systemClock, logger: silentLogger }
  const lake = await openLake({ dir: join(root, 'lake'), ...parts })
  const table = { name: 'ratings', topic: 'ratings', columns, eventTime: 'timestamp' }
  store = await openFeatureStore({
    log,
    lake,
    tables: [table],
    views,
    metrics: silentMetrics,
    ...parts,
  })
  await store.refresh()
  closeStore = async () => {
    await store.close()
    await lake.close()
    await log.close()
    await rm(root, { recursive: true })
  }
})

afterAll(() => closeStore())

async function createBench(): Promise<ServingBench> {
  const root = await mkdtemp(join(tmpdir(), 'millrace-serving-'))
  const dir = join(root, 'registry')
  const clock = createManualClock()
  const log = await openLog({ dir: join(root, 'log'), clock, logger: silentLogger })
  const registry = await openRegistry({ dir, log, clock, logger: silentLogger })
  const opened: Serving[] = []
  return {
    registry,
    dir,
    features: store,
    async open(options) {
      const serving = await openServing({
        registry,
        features: store,
        models: MODELS,
        clock,
        logger: silentLogger,
        ...options,
      })
      opened.push(serving)
      return serving
    },
    advance: (ms) => clock.advance(ms),
    async close() {
      for (const serving of opened) await serving.close()
      await registry.close()
      await log.close()
      await rm(root, { recursive: true })
    },
  }
}

for (const { guarantee, name, run } of servingConformance(createBench))
  test(`${guarantee}: ${name}`, run)

test('every answer is counted and handed to the prediction log, whose failure changes nothing', async () => {
  const bench = await createBench()
  await fillRatings(bench.registry, 1)
  await bench.registry.promote('rating', 1, audit)
  const samples: unknown[] = []
  const logged: unknown[] = []
  const serving = await bench.open({
    metrics: { record: (...sample: unknown[]) => void samples.push(sample) },
    onPrediction(...prediction) {
      logged.push(prediction)
      throw new Error('the prediction log is full')
    },
  })
  const rows = [{ userId: 1 }, { userId: 2 }]
  const answer = await serving.predict('rating', rows, { requestId: 'r-1' })
  expect(logged).toEqual([[answer, rows, 'r-1']])
  expect(samples).toEqual([
    ['model_live_version', { model: 'rating' }, 1],
    ['model_predictions_total', { model: 'rating', version: 1 }, 2],
    ['model_prediction_duration_seconds', { model: 'rating' }, 0],
  ])
  await bench.close()
})

test('a model without a version says what it waits for', async () => {
  const bench = await createBench()
  const serving = await bench.open({ waiting: () => 'needs 200 labelled events, has 37' })
  await expect(serving.predict('like', [{ userId: 1 }])).rejects.toMatchObject({
    code: 'SERVING_NOT_READY',
    details: { model: 'like', waiting: 'needs 200 labelled events, has 37' },
  })
  await bench.close()
})

test('a version of another task than the declared one does not serve', async () => {
  const bench = await createBench()
  await fillRatings(bench.registry, 1)
  await bench.registry.promote('rating', 1, audit)
  const serving = await bench.open({ models: { rating: 'classifier' } })
  expect(serving.problems()[0]?.problem).toMatch(/rating@1 is a regressor, the app declares a/)
  await bench.close()
})

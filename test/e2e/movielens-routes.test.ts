/** The seed's own URLs (S4.5–S4.8, S4.11, S4.12), asked over HTTP of the running example on a generated stream. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import example from '../../examples/movielens/app.ts'
import { buildServer } from '../../src/api/index.ts'
import { startApp, type AppDefinition, type RunningApp } from '../../src/index.ts'

/** Twelve batches, unpaced; fewer users and movies, so that each of them has enough ratings. */
const definition: AppDefinition = {
  ...example,
  sources: (example.sources ?? []).map((source) =>
    source.topic === 'ratings'
      ? {
          ...source,
          rate: 0,
          generator: {
            name: 'movielens',
            seed: 5,
            options: { users: 80, movies: 1_500, events: 12_000 },
          },
        }
      : source,
  ),
}
const MODELS = ['like', 'rating', 'segments'] as const

let dataDir: string
let app: RunningApp
let server: FastifyInstance

async function start(): Promise<void> {
  app = await startApp(definition, { dataDir })
  server = buildServer(app)
  await server.ready()
}

async function post(url: string, body: unknown): Promise<{ status: number; json: unknown }> {
  const answer = await server.inject({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json', host: 'localhost' },
    payload: typeof body === 'string' ? body : JSON.stringify(body),
  })
  return { status: answer.statusCode, json: answer.json() }
}

async function get(url: string): Promise<{ status: number; json: unknown }> {
  const answer = await server.inject({ method: 'GET', url, headers: { host: 'localhost' } })
  return { status: answer.statusCode, json: answer.json() }
}

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'millrace-movielens-'))
  await start()
  await vi.waitFor(
    () => {
      expect(app.sinks.get('ratings')?.batches().filter(isCommitted).length).toBe(12)
      expect(app.serving.live().length).toBe(MODELS.length)
    },
    { timeout: 90_000, interval: 50 },
  )
  for (const model of MODELS) {
    const jobs = await app.trainer.train({ model, parts: 3, trigger: 'manual', by: 'test' })
    for (const { id } of jobs) expect((await app.trainer.wait(id)).state).not.toBe('failed')
  }
}, 180_000)

afterAll(async () => {
  await server.close()
  await app.stop()
  await rm(dataDir, { recursive: true, force: true })
})

const isCommitted = ({ state }: { readonly state: string }): boolean => state === 'committed'

test('S4.3, S4.4, trap 4: batches are numbered in order, and each set becomes a version of each model', () => {
  const batches = app.sinks.get('ratings')?.batches() ?? []
  expect(batches.map(({ number, rows }) => [number, rows])).toEqual(
    Array.from({ length: 12 }, (_, index) => [index + 1, 1000]),
  )
  for (const model of MODELS) {
    const sets = app.registry.versions(model).filter(({ set }) => set.of === 3)
    expect(sets.map(({ set, lineage }) => [set.part, lineage.batches])).toEqual([
      [1, [1, 4]],
      [2, [1, 8]],
      [3, [1, 12]],
    ])
  }
})

test('the recommender beats the most popular movies, and lists movies that the user has not rated, by title', async () => {
  const jobs = await app.trainer.train({ model: 'movies', trigger: 'manual', by: 'test' })
  for (const { id } of jobs) expect((await app.trainer.wait(id)).error).toBeUndefined()
  for (const { gate } of app.registry.versions('movies'))
    expect(gate.passed, gate.reason).toBe(true)
  await app.recommendations.settled()
  const { status, json } = await get('/v1/recommendations/1?limit=5')
  expect(status).toBe(200)
  const { source, items } = json as {
    source: string
    items: { item: string; attributes: { title: string } }[]
  }
  expect([source, items.length]).toEqual(['fold-in', 5])
  expect(items.every(({ attributes }) => attributes.title.length > 0)).toBe(true)
  const known = await app.recommendations.knownItems('movies', '1')
  const rated = new Set(known.map(({ item }) => item))
  expect(items.filter(({ item }) => rated.has(item))).toEqual([])
})

test('S4.5: classification answers an array, with probability, version and fallback', async () => {
  const body = { userId: 1, movieId: 1 }
  const one = await post('/predict_classification', body)
  expect(one).toEqual({
    status: 200,
    json: [
      {
        ...body,
        prediction_like: expect.toBeOneOf([0, 1]) as unknown,
        probability: expect.any(Number) as unknown,
        version: app.registry.version('like', 'champion').version,
        fallback: expect.toBeOneOf([null, expect.any(String)]) as unknown,
      },
    ],
  })
  const many = await post('/predict_classification', [body, { userId: 2, movieId: 5 }])
  expect((many.json as unknown[]).length).toBe(2)
  expect((many.json as unknown[])[0]).toEqual((one.json as unknown[])[0])
})

test('S4.6: regression answers a rating in range with two decimals', async () => {
  const rows = Array.from({ length: 200 }, (_, index) => ({ userId: index, movieId: index * 7 }))
  const { json } = await post('/predict_regression', rows)
  for (const { predicted_rating: rating } of json as { predicted_rating: number }[]) {
    expect(rating).toBeGreaterThanOrEqual(0.5)
    expect(rating).toBeLessThanOrEqual(5)
    expect(Math.round(rating * 100) / 100).toBe(rating)
  }
})

test('S4.7: clustering puts a user into one segment, whatever the movie and rating', async () => {
  const { status, json } = await post('/predict_clustering', [
    { userId: 3, movieId: 1, rating: 4 },
    { userId: 3, movieId: 2, rating: 0.5 },
    { userId: 3 },
  ])
  expect(status).toBe(200)
  const rows = json as { cluster_id: number; cluster_label: string; movieId?: number }[]
  expect(new Set(rows.map(({ cluster_id: id }) => id)).size).toBe(1)
  expect(rows[0]).toMatchObject({ userId: 3, movieId: 1, rating: 4 })
  expect(rows[0]?.cluster_label.length).toBeGreaterThan(3)
  expect(rows[0]).toMatchObject({ profile: { mean_rating: expect.any(Number) as unknown } })
})

test('S4.7: clustering takes the features in place of a user, and names what is missing', async () => {
  const vector = {
    activity: 3.7,
    mean_rating: 3.9,
    spread: 0.9,
    drama: 0.4,
    comedy: 0.3,
    action: 0.2,
  }
  const { status, json } = await post('/predict_clustering', vector)
  expect(status).toBe(200)
  expect(json).toMatchObject([{ ...vector, cluster_id: expect.any(Number) as unknown }])
  const { spread: _left, ...incomplete } = vector
  const refused = await post('/predict_clustering', incomplete)
  expect(refused.status).toBe(422)
  expect(JSON.stringify(refused.json)).toContain('/spread')
})

test('S4.8: a seed name, a set number or a version is asked by name; an unknown one is 404', async () => {
  const body = { userId: 1, movieId: 1 }
  const set1 = app.registry.versions('like').findLast(({ set }) => set.part === 1)?.version
  for (const name of ['classification_model_set_1', '1']) {
    const { json } = await post(`/predict_classification?model=${name}`, body)
    expect(json).toMatchObject([{ version: set1 }])
  }
  for (const name of ['classification_model_set_99', 'regression_model_set_1', 'nobody']) {
    expect((await post(`/predict_classification?model=${name}`, body)).status).toBe(404)
  }
})

test('S4.11, trap 20: bad bodies are named, never a 500', async () => {
  const missing = await post('/predict_classification', { userId: 1 })
  expect(missing.status).toBe(422)
  expect(JSON.stringify(missing.json)).toContain('movieId')
  for (const [body, status] of [
    ['{', 400],
    ['', 400],
    [[], 422],
    [{ userId: 'x', movieId: 1 }, 422],
    [Array.from({ length: 1001 }, () => ({ userId: 1, movieId: 1 })), 422],
    [{ userId: 1e300, movieId: 1 }, 422],
  ] as const) {
    expect((await post('/predict_regression', body)).status).toBe(status)
  }
  expect((await post('/predict_clustering', 'x'.repeat(10 * 1024 * 1024))).status).toBe(413)
  const thousand = Array.from({ length: 1000 }, () => ({ userId: 1, movieId: 1 }))
  expect((await post('/predict_regression', thousand)).status).toBe(200)
})

test('trap 8: ids are names, so unknown ones far apart get the same answer', async () => {
  for (const route of ['/predict_classification', '/predict_regression']) {
    const { json } = await post(route, [
      { userId: 900_001, movieId: 900_002 },
      { userId: 987_654_321, movieId: 123_456_789 },
    ])
    const [near, far] = (json as Record<string, unknown>[]).map((row) => [
      row['probability'],
      row['predicted_rating'],
    ])
    expect(far).toEqual(near)
  }
})

test('S4.11: an unknown user and movie get a declared fallback', async () => {
  const { json } = await post('/predict_regression', { userId: 9_999_999, movieId: 1 })
  expect((json as { fallback: string }[])[0]?.fallback).toEqual(expect.any(String))
})

test('S4.12: batch prediction asks all three models of one set', async () => {
  const { status, json } = await post('/batch-prediction/2', [{ userId: 1, movieId: 1 }])
  expect(status).toBe(200)
  const versions = Object.fromEntries(
    MODELS.map((model) => [
      model,
      app.registry.versions(model).findLast(({ set }) => set.part === 2)?.version,
    ]),
  )
  expect(json).toMatchObject([{ userId: 1, movieId: 1, versions }])
  expect((await post('/batch-prediction/0', [{ userId: 1, movieId: 1 }])).status).toBe(422)
  expect((await post('/batch-prediction/99', [{ userId: 1, movieId: 1 }])).status).toBe(404)
})

test('S4.12: the history of a set survives a restart; health names what serves', async () => {
  await post('/batch-prediction/2', [{ userId: 42, movieId: 7 }])
  const wanted = { request: { userId: 42, movieId: 7 } }
  const newest = async (): Promise<unknown[]> => {
    const { status, json } = await get('/history?model=2&limit=3')
    expect(status, JSON.stringify(json)).toBe(200)
    return (json as { predictions: unknown[] }).predictions
  }
  await expect.poll(newest).toEqual(expect.arrayContaining([expect.objectContaining(wanted)]))
  const before = await newest()
  await server.close()
  await app.stop()
  await start()
  expect(await newest()).toEqual(before)
  expect((await get('/history?model=like')).status).toBe(200)
  expect((await get('/history?model=abc')).status).toBe(422)
  expect((await get('/history?model=99')).json).toEqual({ predictions: [] })
  expect(await get('/health')).toEqual({
    status: 200,
    json: {
      status: 'healthy',
      models_loaded: Object.fromEntries(
        MODELS.map((model) => [model, app.registry.version(model, 'champion').version]),
      ),
      warnings: [],
    },
  })
})

/**
 * A small app with data and models: what each reading route answers is what its schema says, and the life of a model over
 * REST, from training to roll-back. The models train in their real child processes.
 */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type {
  BatchAnswer,
  HistoryAnswer,
  JobAnswer,
  ModelAnswer,
  PredictionAnswer,
  SqlAnswer,
  VersionSummaryAnswer,
} from './answers.ts'
import type { AnyRoute } from './define-route.ts'
import { READ_ELSEWHERE, READS } from './reading-routes.fixture.ts'
import { routes } from './routes.ts'
import { ndjson, ratings, startSmallServer, type SmallServer } from './small-app.fixture.ts'

const ROWS = 1_200
let small: SmallServer

async function train(model: string, body: object = {}): Promise<JobAnswer[]> {
  const response = await small.call('POST', `/v1/models/${model}/train`, body)
  expect(response.statusCode, response.payload).toBe(202)
  const { jobs } = response.json<{ jobs: JobAnswer[] }>()
  expect(response.headers['location']).toBe(`/v1/jobs/${jobs[0]?.id}`)
  return Promise.all(
    jobs.map(({ id }) => small.app.trainer.wait(id) as Promise<unknown> as Promise<JobAnswer>),
  )
}

beforeAll(async () => {
  small = await startSmallServer()
  const headers = { 'content-type': 'application/x-ndjson' }
  const sent = await small.call('POST', '/v1/topics/ratings/events', ndjson(ratings(ROWS)), headers)
  expect(sent.json()).toMatchObject({ accepted: ROWS })
}, 60_000)
afterAll(() => small.stop())

describe('before the first model', () => {
  test('serving says what is missing and how much; ingest is ready all the same', async () => {
    const predict = await small.call('POST', '/v1/models/like/predict', { userId: 1, movieId: 1 })
    expect(predict.statusCode).toBe(503)
    expect(predict.headers['retry-after']).toBeDefined()
    expect(predict.json()).toMatchObject({ code: 'SERVING_NOT_READY' })
    const ready = await small.call('GET', '/readyz')
    expect(ready.statusCode).toBe(503)
    expect(ready.json<{ waiting: string[] }>().waiting.join()).toMatch(/like/)
    expect((await small.call('GET', '/readyz?role=ingest')).statusCode).toBe(200)
    expect((await small.call('GET', '/livez')).statusCode).toBe(200)
  })

  test('SQL sees what was just sent, also before a batch is cut', async () => {
    const response = await small.call('POST', '/v1/sql', { sql: 'select count(*) n from ratings' })
    expect(response.json<SqlAnswer>().rows).toEqual([[ROWS]])
  })

  test('flush cuts the open batch, and it is in the lists', async () => {
    const flushed = await small.call('POST', '/v1/flush')
    expect(flushed.json()).toMatchObject({
      batches: [{ table: 'ratings', number: 1, rows: ROWS, trigger: 'flush' }],
    })
    const { batches } = (await small.call('GET', '/v1/tables/ratings/batches')).json<{
      batches: BatchAnswer[]
    }>()
    expect(batches.map(({ number, rows }) => [number, rows])).toEqual([[1, ROWS]])
    expect((await small.call('GET', '/v1/tables/ratings/batches/1')).json()).toEqual(batches[0])
  })
})

describe('the life of a model', () => {
  test('train → version → it serves, and every prediction names it', async () => {
    const [job] = await train('like')
    expect(job).toMatchObject({ state: 'succeeded', version: 1 })
    await small.app.serving.settled()
    const one = await small.call('POST', '/v1/models/like/predict', { userId: 2, movieId: 4 })
    expect(one.statusCode, one.payload).toBe(200)
    expect(one.headers).toMatchObject({ 'x-model-version': 'like@1' })
    expect(one.headers['x-data-as-of']).toBe(String(1_000_000 + ROWS - 1))
    const answer = one.json<PredictionAnswer>()
    expect(answer).toMatchObject({ model: 'like', task: 'classifier', version: 1 })
    expect(answer.predictions).toHaveLength(1)
    const { probability = Number.NaN } = answer.predictions[0] ?? {}
    expect(probability).toBeGreaterThan(0)
    expect(probability).toBeLessThan(1)
  })

  test('many rows, by version and by alias, give the same answers in order', async () => {
    const rows = Array.from({ length: 1000 }, (_, i) => ({
      userId: (i % 40) + 1,
      movieId: (i % 50) + 1,
    }))
    const all = await small.call('POST', '/v1/models/like/predict', rows)
    const again = await small.call('POST', '/v1/models/like/predict?version=1', rows)
    expect(all.json()).toEqual(again.json())
    expect(all.json<PredictionAnswer>().predictions).toHaveLength(1000)
    const [first] = (await small.call('POST', '/v1/models/like/predict', rows[0])).json()
      .predictions as unknown[]
    expect(all.json<PredictionAnswer>().predictions[0]).toEqual(first)
    const above = await small.call('POST', '/v1/models/like/predict', [...rows, rows[0]])
    expect([above.statusCode, above.json().code]).toEqual([413, 'API_TOO_MANY_ROWS'])
  })

  test('an unknown user gets the fallback, named; a missing or wrong field is named', async () => {
    const unknown = await small.call('POST', '/v1/models/like/predict', {
      userId: 999_999,
      movieId: 1,
    })
    expect(unknown.statusCode).toBe(200)
    expect(unknown.json<PredictionAnswer>().predictions[0]?.fallback?.unknown).toContain('userId')
    const bodies: [unknown, string][] = [
      [{ userId: 1 }, '/movieId'],
      [[{ userId: 1, movieId: 1 }, { userId: 1 }], '/1/movieId'],
      [{ userId: 1, movieId: { id: 1 } }, '/movieId'],
    ]
    for (const [body, path] of bodies) {
      const response = await small.call('POST', '/v1/models/like/predict', body)
      expect(response.statusCode, response.payload).toBe(422)
      const { errors } = response.json<{ errors: { path: string }[] }>()
      expect(errors.map((error) => error.path)).toContain(path)
    }
  })

  test("the app's own route predicts, names the version, and validates as the others do", async () => {
    const good = await small.call('POST', '/predict_like', [{ userId: 2, movieId: 4 }])
    expect(good.statusCode, good.payload).toBe(200)
    expect(good.headers).toMatchObject({ 'x-model-version': 'like@1' })
    expect(good.json()).toMatchObject([{ userId: 2, movieId: 4 }])
    const cases: [unknown, string][] = [
      [{ userId: 2 }, '/movieId'],
      [[{ userId: 2, movieId: 'x' }], '/0/movieId'],
      [{ userId: 2, movieId: 4, x: 1 }, '/x'],
    ]
    for (const [body, path] of cases) {
      const response = await small.call('POST', '/predict_like', body)
      expect([response.statusCode, response.json().errors[0].path]).toEqual([422, path])
    }
  })

  test('the files of a version have its digest; the same model comes as ONNX', async () => {
    const base = '/v1/models/like/versions/1/artifact'
    const { digest, files } = (await small.call('GET', base)).json<{
      digest: string
      files: { name: string; bytes: number }[]
    }>()
    const hash = createHash('sha256')
    for (const { name, bytes } of files) {
      const file = await small.call('GET', `${base}/${name}`)
      expect(file.headers['content-disposition']).toBe(`attachment; filename="like@1-${name}"`)
      expect(file.rawPayload).toHaveLength(bytes)
      hash.update(file.rawPayload)
    }
    expect(hash.digest('hex')).toBe(digest)
    const onnx = await small.call('GET', `${base}/model.onnx`)
    expect([onnx.statusCode, onnx.headers['content-type']]).toEqual([
      200,
      'application/octet-stream',
    ])
    expect(onnx.rawPayload.length).toBeGreaterThan(500)
  })

  test('B3: explain=true accounts for every answer, in the names of the inputs', async () => {
    const rows = [
      { userId: 2, movieId: 4 },
      { userId: 999_999, movieId: 7 },
    ]
    const plain = await small.call('POST', '/v1/models/like/predict?reasons=1', rows)
    const explained = await small.call('POST', '/v1/models/like/predict?explain=true', rows)
    expect(explained.statusCode, explained.payload).toBe(200)
    const { predictions } = explained.json<PredictionAnswer>()
    for (const [at, { explanation, probability = Number.NaN }] of predictions.entries()) {
      const { base, score, contributions } = explanation!
      const sum = contributions.reduce((total, { effect }) => total + effect, base)
      expect(sum).toBeCloseTo(score, 9)
      expect(score).toBeCloseTo(Math.log(probability / (1 - probability)), 9)
      const names = contributions.map(({ feature }) => feature).toSorted()
      expect(names).toEqual(['movie_mean', 'movie_ratings', 'user_mean', 'user_ratings'])
      expect(plain.json<PredictionAnswer>().predictions[at]?.reasons).toEqual([contributions[0]])
    }
  })

  test('parts make versions; promote, alias, roll back and history tell one story', async () => {
    const more = ratings(ROWS).map((row) => ({ ...row, timestamp: row.timestamp + 100_000 }))
    await small.call('POST', '/v1/topics/ratings/events', ndjson(more), {
      'content-type': 'application/x-ndjson',
    })
    await small.call('POST', '/v1/flush', {})
    const jobs = await train('like', { parts: 2, by: 'test' })
    expect(jobs.map(({ version }) => version)).toEqual([2, 3])
    await small.app.serving.settled()
    const { versions } = (await small.call('GET', '/v1/models/like/versions')).json<{
      versions: VersionSummaryAnswer[]
    }>()
    expect(versions.map(({ version, rows }) => [version, rows])).toEqual([
      [1, ROWS],
      [2, ROWS],
      [3, 2 * ROWS],
    ])
    const audit = { by: 'ann', reason: 'a test' }
    const promoted = await small.call('POST', '/v1/models/like/promote', { version: 1, ...audit })
    expect(promoted.json()).toMatchObject({ action: 'promoted', version: 1, ...audit })
    const asked = await small.call('POST', '/v1/models/like/predict', { userId: 1, movieId: 1 })
    expect(asked.headers['x-model-version']).toBe('like@1')
    const rolled = await small.call('POST', '/v1/models/like/rollback', {})
    expect(rolled.json()).toMatchObject({ action: 'rolled-back', previous: 1 })

    const alias = await small.call('PUT', '/v1/models/like/aliases/challenger', { version: 2 })
    expect(alias.json()).toEqual({ model: 'like', alias: 'challenger', version: 2 })
    const byAlias = await small.call('POST', '/v1/models/like/predict?version=challenger', {
      userId: 1,
      movieId: 1,
    })
    expect(byAlias.headers['x-model-version']).toBe('like@2')
    expect((await small.call('DELETE', '/v1/models/like/aliases/challenger')).statusCode).toBe(204)
    expect((await small.call('DELETE', '/v1/models/like/aliases/challenger')).statusCode).toBe(404)
    expect((await small.call('DELETE', '/v1/models/like/aliases/champion')).statusCode).toBe(409)

    const { entries } = (await small.call('GET', '/v1/models/like/history')).json<{
      entries: HistoryAnswer[]
    }>()
    expect(entries.filter(({ by }) => by === 'ann')).toMatchObject([
      { version: 1, reason: 'a test' },
    ])
    const at = entries.find(({ by }) => by === 'ann')?.at ?? ''
    const then = await small.call('GET', `/v1/models/like/history?at=${at}`)
    expect(then.json()).toMatchObject({ servedAt: 1 })
    expect((await small.call('POST', '/v1/models/like/promote', { version: 99 })).statusCode).toBe(
      404,
    )
  })

  test('a clusterer shows its clusters and the segment of a user', async () => {
    await train('segments')
    await small.app.serving.settled()
    const clusters = await small.call('GET', '/v1/models/segments/clusters')
    expect(clusters.json().clusters).toHaveLength(2)
    const segment = await small.call('GET', '/v1/users/7/segment')
    expect(segment.json()).toMatchObject({ user: '7', model: 'segments', version: 1 })
    expect(segment.json().fallback).toBeUndefined()
    expect((await small.call('GET', '/v1/users/nobody/segment')).json().fallback).toBeDefined()
    expect((await small.call('GET', '/v1/models/like/clusters')).statusCode).toBe(409)
  })

  test('a model without a version says what it waits for; its routes are 404 or empty, not 500', async () => {
    const model = (await small.call('GET', '/v1/models/rating')).json<ModelAnswer>()
    expect(model).toMatchObject({ versions: 0, champion: null, live: null })
    expect((await small.call('GET', '/v1/models/rating/versions')).json()).toEqual({ versions: [] })
    expect((await small.call('GET', '/v1/models/rating/versions/1')).statusCode).toBe(404)
    expect((await small.call('GET', '/v1/models/rating/history')).json().entries).toEqual([])
    expect((await small.call('POST', '/v1/models/rating/rollback')).statusCode).toBe(404)
    expect(
      (await small.call('POST', '/v1/models/rating/predict?version=3', { userId: 1, movieId: 1 }))
        .statusCode,
    ).toBe(404)
  })
})

const RECOMMENDER_TAGS = new Set(['items', 'recommendations'])

describe('reading', () => {
  test.each(Object.entries(READS))(
    '%s answers what its schema says, nothing more',
    async (id, url) => {
      const response = await small.call('GET', url)
      expect(response.statusCode, response.payload).toBe(200)
      const { answer } = (routes as Record<string, AnyRoute>)[id]!
      expect(answer.parse(response.json())).toEqual(response.json())
    },
  )

  test('every route that reads is in the list, or tested elsewhere', () => {
    const all = Object.entries(routes as Record<string, AnyRoute>)
    // Those of recommenders have a model of their own: test/e2e/recommendation-answers.test.ts.
    const reads = all
      .filter(([, { method, tag }]) => method === 'GET' && !RECOMMENDER_TAGS.has(tag))
      .map(([id]) => id)
    expect(reads.filter((id) => !(id in READS) && !READ_ELSEWHERE.includes(id))).toEqual([])
  })

  test('features are those of every event so far', async () => {
    const features = (await small.call('GET', '/v1/features/user?entity=7')).json()
    const mine = ratings(ROWS).filter(({ userId }) => userId === 7)
    expect(features.features.user_ratings).toBe(2 * mine.length)
    expect((await small.call('GET', '/v1/features/user?entity=nobody')).json().features).toBeNull()
  })

  test('a job is found by its id and can be cancelled', async () => {
    const { jobs } = (await small.call('POST', '/v1/models/rating/train', {})).json<{
      jobs: JobAnswer[]
    }>()
    const id = jobs[0]?.id ?? ''
    expect((await small.call('GET', `/v1/jobs/${id}`)).json()).toMatchObject({
      id,
      model: 'rating',
    })
    expect((await small.call('DELETE', `/v1/jobs/${id}`)).json()).toMatchObject({
      id,
      state: 'cancelled',
    })
  })

  test('SQL refuses what is no SELECT with 4xx and keeps large integers', async () => {
    const ask = (sql: string) => small.call('POST', '/v1/sql', { sql })
    for (const sql of [
      "copy ratings to '/tmp/x.csv'",
      'drop table ratings',
      'selec 1',
      'select * from nowhere',
    ]) {
      const response = await ask(sql)
      expect([400, 403], `${sql}: ${response.payload}`).toContain(response.statusCode)
    }
    expect((await ask('select 9007199254740993::bigint as big')).json().rows).toEqual([
      ['9007199254740993'],
    ])
    const bound = await small.call('POST', '/v1/sql', { sql: 'select ? + 1', params: [41] })
    expect(bound.json().rows).toEqual([[42]])
  })

  test('a topic is made, described, followed by a group, and deleted', async () => {
    const made = await small.call('POST', '/v1/topics', { name: 'games', partitions: 3 })
    expect(made.json()).toMatchObject({ name: 'games', declared: false, records: 0 })
    expect(made.json().partitions).toHaveLength(3)
    expect(
      (await small.call('POST', '/v1/topics', { name: 'games', partitions: 2 })).statusCode,
    ).toBe(409)
    await small.call('POST', '/v1/topics/games/events', [{ a: 1 }, { a: 2 }])
    const reset = await small.call('POST', '/v1/groups/g/reset', {
      topic: 'games',
      to: { at: 'latest' },
    })
    expect(reset.json().offsets).toHaveLength(3)
    expect(
      (await small.call('GET', '/v1/groups/g'))
        .json()
        .offsets.every((one: { lag: number }) => one.lag === 0),
    ).toBe(true)
    const dry = await small.call('POST', '/v1/groups/g/reset', {
      topic: 'games',
      to: { at: 'earliest' },
      dryRun: true,
    })
    expect(dry.json()).toMatchObject({ dryRun: true })
    expect((await small.call('DELETE', '/v1/topics/games')).statusCode).toBe(204)
    expect((await small.call('GET', '/v1/topics/games')).statusCode).toBe(404)
    expect((await small.call('DELETE', '/v1/topics/ratings')).statusCode).toBe(409)
    expect((await small.call('DELETE', '/v1/topics/__millrace-batches')).statusCode).toBe(403)
  })
})

/**
 * The sentence of the product, from outside: events in, a batch in the lake, a version promoted, a prediction out, a
 * restart, the same again. Promises P8, P12, P15, P19 of the reliability page.
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { getJson, postJson, startInstance, until, type Instance } from './instance.ts'
import { ratings, sendRatings } from './ratings.ts'

interface Models {
  readonly models: readonly { readonly name: string; readonly champion?: number }[]
}
interface Answer {
  readonly version: number
  readonly digest: string
  readonly predictions: readonly {
    readonly probability?: number
    readonly fallback?: { unknown: string[] }
  }[]
}

const PAIR = { userId: 7, movieId: 9 }

describe('the whole loop', () => {
  let dataDir: string
  let instance: Instance

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'millrace-loop-'))
    instance = await startInstance({ dataDir })
  })
  afterAll(async () => {
    await instance.kill()
    await rm(dataDir, { recursive: true, force: true })
  })

  const champion = async (model: string): Promise<number | undefined> => {
    const { models } = await getJson<Models>(instance.url, '/v1/models')
    return models.find((one) => one.name === model)?.champion
  }

  it('P15: before the first event: ingest is ready, serving says what is missing and how much', async () => {
    assert.equal((await fetch(`${instance.url}/readyz?role=ingest`)).status, 200)
    const serve = await fetch(`${instance.url}/readyz?role=serve`)
    assert.equal(serve.status, 503)
    assert.match(await serve.text(), /like needs \d+ .*has 0/)
    const early = await postJson<{ code: string; detail: string }>(
      instance.url,
      '/v1/models/like/predict',
      PAIR,
    )
    assert.equal(early.status, 503)
    assert.equal(early.body.code, 'SERVING_NOT_READY')
    assert.match(early.body.detail, /like/)
  })

  it('P12: events become batches, files, versions and predictions; every answer names its version', async () => {
    const sent = await sendRatings(instance.url, ratings({ seed: 1, from: 0, count: 2_000 }))
    assert.equal(sent.accepted, 2_000)
    assert.deepEqual(sent.offsets, [{ partition: 0, first: 0, last: 1_999 }])
    for (const model of ['like', 'rating', 'segments']) {
      await until(`${model} has a champion`, () => champion(model))
    }
    await until('all roles are ready', async () =>
      (await fetch(`${instance.url}/readyz`)).ok ? true : undefined,
    )
    const answer = await postJson<Answer>(instance.url, '/v1/models/like/predict', PAIR)
    assert.equal(answer.status, 200)
    const [prediction] = answer.body.predictions
    assert.ok(
      prediction?.probability !== undefined &&
        prediction.probability > 0 &&
        prediction.probability < 1,
    )
    assert.equal(answer.headers.get('x-model-version'), `like@${answer.body.version}`)
    assert.ok(answer.headers.get('x-data-as-of'))
  })

  it('an event is found by SQL as soon as it is accepted, before any file holds it', async () => {
    const [one] = ratings({ seed: 99, from: 5_000, count: 1 })
    const sent = await postJson<{ accepted: number }>(
      instance.url,
      '/v1/topics/ratings/events',
      one,
    )
    assert.deepEqual([sent.status, sent.body.accepted], [202, 1])
    const found = await postJson<{ rows: unknown[][] }>(instance.url, '/v1/sql', {
      sql: `select count(*) from ratings where timestamp = ${one?.timestamp}`,
    })
    assert.deepEqual(found.body.rows, [[1]])
  })

  it('an unknown user gets a declared fallback, not an error', async () => {
    const stranger = { userId: 12_345_678, movieId: 9 }
    const answer = await postJson<Answer>(instance.url, '/v1/models/like/predict', stranger)
    assert.equal(answer.status, 200)
    assert.deepEqual(answer.body.predictions[0]?.fallback?.unknown, ['userId'])
  })

  it('P8, trap 20: bad events are named one by one; on request they are kept as dead letters with their bytes', async () => {
    const lines = [
      '{"userId":1,"movieId":2,"rating":4,"timestamp":5}',
      '{"userId":1,"rating":"4"}',
      'not json',
    ]
    const send = (query: string): Promise<Response> =>
      fetch(`${instance.url}/v1/topics/ratings/events${query}`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-ndjson' },
        body: lines.join('\n'),
      })
    const answer = (await (await send('?onError=dlq')).json()) as {
      accepted: number
      rejected: { line: number; errors: { path: string }[] }[]
    }
    assert.equal(answer.accepted, 1)
    assert.deepEqual(
      answer.rejected.map((one) => one.line),
      [2, 3],
    )
    assert.ok(answer.rejected[0]?.errors.some((issue) => issue.path === '/movieId'))
    const letters = await getJson<{ records: { value: unknown }[] }>(
      instance.url,
      '/v1/topics/ratings/dead-letters',
    )
    assert.deepEqual(
      letters.records.map((record) => record.value),
      [{ userId: 1, rating: '4' }, 'not json'],
    )
  })

  it('P19: stops on SIGTERM with exit code 0, and goes on where it was', async () => {
    const before = await postJson<Answer>(instance.url, '/v1/models/like/predict', PAIR)
    const began = performance.now()
    assert.equal(await instance.stop(), 0, instance.output())
    assert.ok(performance.now() - began < 10_000)
    instance = await startInstance({ dataDir })
    await until('serving again', async () =>
      (await fetch(`${instance.url}/readyz`)).ok ? true : undefined,
    )
    const after = await postJson<Answer>(instance.url, '/v1/models/like/predict', PAIR)
    assert.deepEqual(
      [after.body.version, after.body.digest, after.body.predictions[0]?.probability],
      [before.body.version, before.body.digest, before.body.predictions[0]?.probability],
    )
    const count = await postJson<{ rows: unknown[][] }>(instance.url, '/v1/sql', {
      sql: 'select count(*), count(distinct _offset) from ratings',
    })
    assert.deepEqual(count.body.rows, [[2_002, 2_002]])
  })

  it('a second process on the same folder is told whose it is', async () => {
    await assert.rejects(startInstance({ dataDir }), /in use|owns/i)
  })
})

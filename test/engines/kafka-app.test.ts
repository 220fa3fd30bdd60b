/** The main job on Apache Kafka, from outside: events in, rows in the lake once, a model promoted, a restart, the same. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { getJson, postJson, startInstance, until, type Instance } from '../e2e/instance.ts'
import { anomaliesOf, readLake } from '../e2e/lake-reader.ts'
import { ratings, sendRatings } from '../e2e/ratings.ts'
import { startKafka, type KafkaCluster } from './kafka-cluster.ts'

interface Models {
  readonly models: readonly { readonly name: string; readonly champion?: number }[]
}
interface Answer {
  readonly version: number
  readonly digest: string
}

const PAIR = { userId: 7, movieId: 9 }
const MODELS = ['like', 'rating', 'segments']

describe('an app on Apache Kafka', () => {
  let cluster: KafkaCluster
  let dataDir: string
  let instance: Instance

  const start = async (properties = '', more: readonly string[] = []): Promise<void> => {
    const args = ['--log', `kafka://${cluster.bootstrap}${properties}`, ...more]
    instance = await startInstance({ dataDir, args })
  }
  const rowsInLake = async (): Promise<number> => {
    const files = await readLake(dataDir, 'ratings')
    assert.deepEqual(anomaliesOf(files), [])
    return files.reduce((sum, { rows }) => sum + rows.length, 0)
  }
  const rowsAfterFlush = async (): Promise<number> => {
    await postJson(instance.url, '/v1/flush', {})
    return rowsInLake()
  }
  const predict = async (): Promise<Answer> => {
    await until('all roles are ready', async () =>
      (await fetch(`${instance.url}/readyz`)).ok ? true : undefined,
    )
    const answer = await postJson<Answer>(instance.url, '/v1/models/like/predict', PAIR)
    assert.equal(answer.status, 200)
    return answer.body
  }

  beforeAll(async () => {
    cluster = await startKafka()
    dataDir = await mkdtemp(join(tmpdir(), 'millrace-kafka-app-'))
    await start()
  })
  afterAll(async () => {
    await instance.kill()
    await cluster.close()
    await rm(dataDir, { recursive: true, force: true })
  })

  it('events become rows, each once, and models', async () => {
    const sent = await sendRatings(instance.url, ratings({ seed: 1, from: 0, count: 2_000 }))
    assert.deepEqual(sent.offsets, [{ partition: 0, first: 0, last: 1_999 }])
    for (const model of MODELS) {
      await until(`${model} has a champion`, async () => {
        const { models } = await getJson<Models>(instance.url, '/v1/models')
        return models.find(({ name }) => name === model)?.champion
      })
    }
    await until('the lake has every row', async () =>
      (await rowsInLake()) === 2_000 ? true : undefined,
    )
    await predict()
  })

  it('goes on where it was after a stop, and after a kill', async () => {
    const before = await predict()
    assert.equal(await instance.stop(), 0, instance.output())
    await start()
    const after = await predict()
    assert.ok(after.version >= before.version)
    await sendRatings(instance.url, ratings({ seed: 2, from: 2_000, count: 700 }))
    await instance.kill()
    await start()
    await sendRatings(instance.url, ratings({ seed: 3, from: 2_700, count: 300 }))
    await until('the lake has every row', async () =>
      (await rowsInLake()) === 3_000 ? true : undefined,
    )
  })

  it('takes events again after its broker was killed, none of them lost or twice', async () => {
    const [broker] = cluster.brokers
    await broker!.kill()
    const sending = sendRatings(instance.url, ratings({ seed: 4, from: 3_000, count: 500 }))
    await broker!.start()
    const sent = await sending
    assert.deepEqual(sent.offsets, [{ partition: 0, first: 3_000, last: 3_499 }])
    await until('the lake has every row', async () =>
      (await rowsInLake()) === 3_500 ? true : undefined,
    )
  })

  const answerTo = (row: unknown): Promise<Response> =>
    fetch(`${instance.url}/v1/topics/ratings/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(row),
    })
  const idle = (): Promise<true> =>
    until('no training runs', async () => {
      const { jobs } = await getJson<{ jobs: { state: string }[] }>(instance.url, '/v1/jobs')
      return jobs.every(({ state }) => state !== 'queued' && state !== 'running') ? true : undefined
    })
  const readyz = (): Promise<Response> =>
    fetch(`${instance.url}/readyz?role=ingest`).catch(() => assert.fail(instance.output()))

  it('P15, E1: answers 503 with Retry-After while its broker is away, and is not ready', async () => {
    await instance.stop()
    // As long as a sender waits for its answer.
    await start('?delivery.timeout.ms=2000&request.timeout.ms=1000')
    const [broker] = cluster.brokers
    await idle()
    await broker!.kill()
    const [row] = ratings({ seed: 5, from: 3_500, count: 1 })
    const refused = await answerTo(row)
    assert.equal(refused.status, 503, await refused.text())
    assert.ok(Number(refused.headers.get('retry-after')) >= 1)
    const probe = await readyz()
    assert.deepEqual([probe.status, /Kafka at/.test(await probe.text())], [503, true])
    await broker!.start()
    await until('it is ready again', async () => ((await readyz()).ok ? true : undefined))
    assert.equal((await answerTo(row)).status, 202)
  })

  it('P1, E1: keeps events while its broker is away, over a kill -9 of itself, and each arrives once', async () => {
    await instance.stop()
    await start('', ['--on-outage', 'spool'])
    const [broker] = cluster.brokers
    const before = await rowsAfterFlush()
    await idle()
    await broker!.kill()
    const rows = ratings({ seed: 6, from: 4_000, count: 400 })
    let kept = 0
    for (const row of rows) {
      const answer = await answerTo(row)
      // What was on its way to the broker when that died may be there: its sender hears of it, and decides.
      if (answer.status === 202) kept++
      else assert.equal(answer.status, 503)
    }
    assert.ok(kept > 390, `${kept} were kept`)
    const probe = await readyz()
    assert.equal(probe.status, 200)
    assert.match(await probe.text(), /events wait here for the Kafka cluster/)
    await broker!.start()
    await instance.kill()
    await start('', ['--on-outage', 'spool'])
    await until('every row is in the lake', async () => {
      const added = (await rowsAfterFlush()) - before
      assert.ok(added <= rows.length, `${added} rows of ${rows.length}`)
      return added >= kept ? true : undefined
    })
    const last = (await readLake(dataDir, 'ratings')).flatMap((file) => file.rows).slice(-kept)
    const times = last.map((row) => Number(row['timestamp']))
    assert.deepEqual(
      times,
      [...new Set(times)].toSorted((a, b) => a - b),
    )
  })

  it('a data folder that began on a cluster is not started without it', async () => {
    await instance.stop()
    await assert.rejects(startInstance({ dataDir }), /start with --log kafka:\/\//)
    await start()
  })
})

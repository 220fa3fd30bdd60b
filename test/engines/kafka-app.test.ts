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

  const start = async (): Promise<void> => {
    const args = ['--log', `kafka://${cluster.bootstrap}`]
    instance = await startInstance({ dataDir, args })
  }
  const rowsInLake = async (): Promise<number> => {
    const files = await readLake(dataDir, 'ratings')
    assert.deepEqual(anomaliesOf(files), [])
    return files.reduce((sum, { rows }) => sum + rows.length, 0)
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

  it('a data folder that began on a cluster is not started without it', async () => {
    await instance.stop()
    await assert.rejects(startInstance({ dataDir }), /start with --log kafka:\/\//)
    await start()
  })
})

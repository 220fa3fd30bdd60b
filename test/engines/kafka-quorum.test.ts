/** Two of three brokers away: too few to store an event, and too few controllers to take note of it. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { z } from 'zod'
import { defineApp, startApp, topic, type RunningApp } from '../../src/index.ts'
import { anomaliesOf, readLake } from '../e2e/lake-reader.ts'
import { until } from '../e2e/instance.ts'
import { startKafka, type KafkaCluster } from './kafka-cluster.ts'

const app = defineApp({
  name: 'quorum',
  topics: {
    events: topic({
      schema: z.object({ n: z.int() }),
      partitions: 3,
      batch: { rows: 10, idle: '1s' },
    }),
  },
})

let cluster: KafkaCluster
let dataDir: string
let running: RunningApp

beforeAll(async () => {
  cluster = await startKafka({ brokers: 3 })
  dataDir = await mkdtemp(join(tmpdir(), 'millrace-quorum-'))
  const properties = 'request.timeout.ms=1500&delivery.timeout.ms=3000&heartbeat.interval.ms=300'
  running = await startApp(app, { dataDir, log: `kafka://${cluster.bootstrap}?${properties}` })
})
afterAll(async () => {
  await running?.stop()
  await cluster?.close()
  await rm(dataDir, { recursive: true, force: true })
})

async function* once(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}

const send = (n: number): Promise<unknown> => {
  const how = { format: 'json', source: 'test', sequence: { sequence: 'one', first: n } } as const
  return running.ingest.receive('events', once(`{"n":${n}}`), how)
}

const waiting = async (): Promise<readonly string[]> =>
  (await running.readiness('ingest'))[0]!.waiting

describe('a cluster that lost its quorum', () => {
  it('P1, P15: is named by the probe, takes nothing, and takes events again when its brokers are back', async () => {
    assert.deepEqual(await waiting(), [])
    await send(1)
    const [, ...others] = cluster.brokers
    await Promise.all(others.map((one) => one.kill()))
    const reason = /partition \d of topic "events" .*(does not answer|needs 2)/
    await until('the probe names the reason, and a broker that is gone', async () => {
      const faults = (await waiting()).join('\n')
      return reason.test(faults) && faults.includes(String(others[0]!.port)) ? true : undefined
    })
    await assert.rejects(send(2), { retryable: true })
    assert.notDeepEqual(await waiting(), [])
    await Promise.all(others.map((one) => one.start()))
    await until('it is ready again', async () =>
      (await waiting()).length === 0 ? true : undefined,
    )
    await until('the event is taken', () =>
      send(2).then(
        () => true,
        () => undefined,
      ),
    )
    // A new leader tells no offsets before its followers have caught up.
    const flushed = (): Promise<true | undefined> =>
      running.sinks
        .get('events')!
        .flush()
        .then(
          () => true,
          () => undefined,
        )
    await until('the event is in the lake', flushed)
    const files = await readLake(dataDir, 'events')
    assert.deepEqual(anomaliesOf(files), [])
    const stored = files.flatMap(({ rows }) => rows.map((row) => Number(row['n'])))
    assert.deepEqual(
      stored.toSorted((a, b) => a - b),
      [1, 2],
    )
  })
})

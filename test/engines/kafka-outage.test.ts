/** Events wait while the log's cluster is away, and come there in order, each once. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, it } from 'vitest'
import { z } from 'zod'
import { isMillraceError } from '../../src/core/index.ts'
import { createIngest, type Ingest, type ReceiveResult } from '../../src/ingest/index.ts'
import { openLog, type Log } from '../../src/log/index.ts'
import { readAll, valuesOf } from '../../src/log/log-world.conformance.ts'
import { until } from '../e2e/instance.ts'
import { startKafka, type KafkaCluster } from './kafka-cluster.ts'
import { startProxy, type KafkaProxy } from './tcp-proxy.ts'

const QUICK = { 'delivery.timeout.ms': '1000', 'request.timeout.ms': '500' }

let cluster: KafkaCluster
let proxy: KafkaProxy
let dir: string
let log: Log
let store: Log
let ingest: Ingest
/** Each test has a topic and own topics of its own. */
let tests = 0
let topic: string

const startIngest = (maxBytes = 1_000_000): void => {
  const faults = (): Promise<readonly string[]> =>
    log.cluster?.faults([topic], 300) ?? Promise.resolve([])
  ingest = createIngest({ log, spool: { store, maxBytes, faults } })
}

beforeAll(async () => {
  proxy = await startProxy()
  const address = `PLAINTEXT://127.0.0.1:${proxy.port}`
  cluster = await startKafka({ properties: { 'advertised.listeners': address } })
  proxy.aim(cluster.brokers[0]!.port)
})
afterAll(async () => {
  await proxy.close()
  await cluster.close()
})
beforeEach(async () => {
  topic = `t${tests++}`
  dir = await mkdtemp(join(tmpdir(), 'millrace-spool-'))
  store = await openLog({ dir: join(dir, 'spool'), cleanIntervalMs: 0 })
  const url = `kafka://127.0.0.1:${proxy.port}`
  log = await openLog({ dir, url, properties: QUICK, applicationId: topic, env: {} })
  await log.createTopic({ name: topic })
  startIngest()
})
afterEach(async () => {
  await proxy.comeBack()
  await ingest.close()
  await log.close()
  await store.close()
  await rm(dir, { recursive: true, force: true })
})

async function* once(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}
const send = (
  values: readonly unknown[],
  more: { id?: string; onError?: 'dlq' } = {},
): Promise<ReceiveResult> =>
  ingest.receive(topic, once(values.map((value) => JSON.stringify(value)).join('\n')), {
    format: 'ndjson',
    source: 'test',
    ...(more.onError && { onError: more.onError }),
    ...(more.id !== undefined && { envelope: { id: more.id } }),
  })
/** The cluster goes; resolves when an event waits. What was on its way is answered with 503, and sent again. */
const outage = async (value: unknown): Promise<void> => {
  await proxy.goAway()
  await until('an event waits', async () => {
    try {
      return (await send([value])).spooled === 1 ? true : undefined
    } catch (error) {
      if (isMillraceError(error, 'LOG_UNREACHABLE')) return undefined
      throw error
    }
  })
}
const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, index) => from + index)
const drained = (): Promise<true> =>
  until('nothing waits', () => (ingest.spool()?.events === 0 ? true : undefined))
const stored = async (): Promise<(string | null)[]> => valuesOf(await readAll(log, topic))

describe('an outage of the cluster', () => {
  it('O1, O2: what waits arrives once, in order, before what comes later', async () => {
    assert.equal((await send(numbers(0, 5))).accepted, 5)
    await outage(5)
    for (let from = 6; from < 50; from += 4) {
      const { accepted, spooled, offsets } = await send(numbers(from, from + 4))
      assert.deepEqual([accepted, spooled, offsets], [0, 4, []])
    }
    assert.equal(ingest.spool()?.events, 45)
    await proxy.comeBack()
    for (let from = 50; from < 100; from += 5) await send(numbers(from, from + 5))
    await drained()
    const last = await send([100])
    assert.deepEqual(last.offsets, [{ partition: 0, first: 100, last: 100 }])
    assert.deepEqual(
      await stored(),
      numbers(0, 101).map((value) => String(value)),
    )
    assert.deepEqual(await store.topics(), [])
  })

  it('O3: what waits outlives its process, and is not sent twice by the next', async () => {
    await send([0])
    await outage(1)
    await send(numbers(2, 4))
    await ingest.close()
    startIngest()
    await send(numbers(4, 6))
    assert.equal(ingest.spool()?.events, 5)
    await proxy.comeBack()
    // The next process finds a run that was sent, and of which it does not know that.
    await until('it arrived', async () => ((await stored()).length === 6 ? true : undefined))
    await ingest.close()
    startIngest()
    await drained()
    await send([6])
    assert.deepEqual(
      await stored(),
      numbers(0, 7).map((value) => String(value)),
    )
  })

  it('O3: an id that was sent twice while it waited is stored once', async () => {
    await outage(0)
    assert.equal((await send([1], { id: 'same' })).spooled, 1)
    assert.equal((await send([1], { id: 'same' })).spooled, 1)
    await proxy.comeBack()
    await drained()
    assert.deepEqual(await stored(), ['0', '1'])
    assert.equal((await send([1], { id: 'same' })).duplicates, 1)
  })

  it('O4: no more waits than there is room for', async () => {
    await ingest.close()
    startIngest(2_000)
    await outage(0)
    const all = await Promise.allSettled(numbers(0, 20).map((value) => send([value])))
    const refused = all.flatMap((one) => (one.status === 'rejected' ? [one.reason as Error] : []))
    assert.ok(refused.length > 5 && refused.length < 20, `${refused.length} were refused`)
    const [first] = refused as (Error & { code: string; retryAfterSeconds: number })[]
    assert.deepEqual([first?.code, first?.retryAfterSeconds], ['INGEST_SPOOL_FULL', 5])
    await proxy.comeBack()
    await drained()
    assert.equal((await stored()).length, 21 - refused.length)
  })

  it('refused events wait as dead letters, or are refused when they can be counted', async () => {
    ingest.declare({ topic, schema: z.object({ n: z.int() }), columns: [] })
    await outage({ n: 0 })
    const both = [{ n: 1 }, { n: 'x' }]
    await assert.rejects(send(both), { code: 'INGEST_SPOOL_FULL', retryAfterSeconds: 5 })
    const { spooled, deadLettered } = await send(both, { onError: 'dlq' })
    assert.deepEqual([spooled, deadLettered], [1, 1])
    await proxy.comeBack()
    await drained()
    assert.deepEqual(await stored(), ['{"n":0}', '{"n":1}'])
    assert.deepEqual(valuesOf(await readAll(log, `${topic}.dead-letters`)), ['{"n":"x"}'])
  })

  it('an event with a position of its sender is refused, and may be sent again', async () => {
    await proxy.goAway()
    const sequence = { sequence: 's', first: 1 }
    const numbered = (): Promise<ReceiveResult> =>
      ingest.receive(topic, once('1'), { format: 'json', source: 'test', sequence })
    await assert.rejects(numbered(), { code: 'LOG_UNREACHABLE' })
    await proxy.comeBack()
    assert.equal((await numbered()).accepted, 1)
    assert.deepEqual(await stored(), ['1'])
  })
})

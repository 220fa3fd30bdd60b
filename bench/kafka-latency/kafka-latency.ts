import { once } from 'node:events'
import {
  Consumer,
  MessagesStreamFallbackModes,
  MessagesStreamModes,
  ProduceAcks,
  Producer,
} from '@platformatic/kafka'
import type { Benchmark } from '../benchmark.ts'
import { KAFKA_JVM } from '../kafka-records.ts'
import { makeWorkplace } from '../log-records.ts'
import { openLog } from '../../src/log/index.ts'
import { startKafka } from '../../test/engines/kafka-cluster.ts'
import { KAFKA } from '../../test/engines/kafka-jars.ts'

const PER_SECOND = 10_000
const SECONDS = Number(process.env['MILLRACE_BENCH_SECONDS'] ?? 10)
/** Of each run, before what counts: compilers and page cache warm up. */
const WARM_UP_SECONDS = 2
const TICK_MS = 1
const VALUE_BYTES = 100
/** A sender that was held up sends no more than this at once: brokers refuse batches above 1 MB. */
const SEND_RECORDS = 1_000

interface Lane {
  /** Starts sending; nobody waits for the answer. */
  send(values: readonly Buffer[]): void
  /** Resolves when both ends are closed. */
  close(): Promise<void>
}

/** `open` gets what is to be called with each value that arrives. Resolves to that share of the latencies, seconds. */
async function latency(
  share: number,
  open: (onValue: (value: Uint8Array) => void) => Promise<Lane>,
): Promise<number> {
  const total = (WARM_UP_SECONDS + SECONDS) * PER_SECOND
  const latencies = new Float64Array(SECONDS * PER_SECOND)
  let seen = 0
  let finished = (): void => {}
  const done = new Promise<void>((resolve) => (finished = resolve))
  const lane = await open((value) => {
    const at = seen++ - WARM_UP_SECONDS * PER_SECOND
    if (at >= 0 && at < latencies.length) {
      const sentAt = new DataView(value.buffer, value.byteOffset).getFloat64(0)
      latencies[at] = performance.now() - sentAt
    }
    if (seen === total) finished()
  })
  const began = performance.now()
  let sent = 0
  // Open loop: a record's time is when it was due, also if the sender was late.
  const timer = setInterval(() => {
    const now = Math.floor(((performance.now() - began) * PER_SECOND) / 1_000)
    const due = Math.min(total, now, sent + SEND_RECORDS)
    const values = Array.from({ length: due - sent }, (_, index) => {
      const value = Buffer.alloc(VALUE_BYTES)
      value.writeDoubleBE(began + ((sent + index) * 1_000) / PER_SECOND)
      return value
    })
    sent = due
    if (values.length > 0) lane.send(values)
    if (sent === total) clearInterval(timer)
  }, TICK_MS)
  try {
    await done
  } finally {
    clearInterval(timer)
    await lane.close()
  }
  return latencies.toSorted()[Math.floor(latencies.length * share)]! / 1_000
}

const openOurs =
  (dir: string) =>
  async (onValue: (value: Uint8Array) => void): Promise<Lane> => {
    const log = await openLog({ dir, cleanIntervalMs: 0 })
    await log.createTopic({ name: 'bench' })
    const consumer = await log.consumer({ group: 'g', topics: ['bench'], from: 'earliest' })
    const stop = new AbortController()
    const reading = (async () => {
      while (!stop.signal.aborted) {
        const records = await consumer.poll({ maxRecords: 10_000, signal: stop.signal })
        for (const { value } of records) if (value !== null) onValue(value)
      }
    })()
    return {
      send: (values) =>
        void log.append(
          'bench',
          values.map((value) => ({ key: null, value, headers: [], timestamp: Date.now() })),
        ),
      async close() {
        stop.abort()
        await reading
        await log.close()
      },
    }
  }

/** Not idempotent: the client's idempotent sends must not overlap, and one at a time would wait for each other. */
const openPeer =
  (bootstrap: string, topic: string) =>
  async (onValue: (value: Uint8Array) => void): Promise<Lane> => {
    const base = { clientId: 'bench', bootstrapBrokers: [bootstrap] }
    const producer = new Producer({ ...base, acks: ProduceAcks.ALL, autocreateTopics: false })
    const consumer = new Consumer({ ...base, groupId: topic })
    const stream = await consumer.consume({
      topics: [topic],
      mode: MessagesStreamModes.EARLIEST,
      fallbackMode: MessagesStreamFallbackModes.EARLIEST,
      autocommit: false,
      minBytes: 1,
      maxWaitTime: 100,
    })
    stream.on('data', ({ value }) => onValue(value))
    const sending = new Set<Promise<unknown>>()
    return {
      send(values) {
        const messages = values.map((value) => ({ topic, value, partition: 0 }))
        const send = producer.send({ messages }).finally(() => sending.delete(send))
        sending.add(send)
      },
      async close() {
        await Promise.all(sending)
        stream.destroy()
        await once(stream, 'close')
        await consumer.close()
        await producer.close()
      },
    }
  }

/**
 * L7: from the moment a record is due until a consumer has it, 10,000 a second, every acknowledgement durable on our side
 * and acks=all on Kafka's. Figures are one over the latency.
 */
const versus = (id: string, share: number, floor: number): Benchmark => ({
  id,
  question: `How soon has a consumer what was sent (p${share * 100} at 10,000 a second), against Apache Kafka?`,
  work: 1,
  unit: `1/s (one over p${share * 100})`,
  floor,
  async prepare() {
    const place = await makeWorkplace()
    const cluster = await startKafka({ jvm: KAFKA_JVM })
    const admin = await openLog({ dir: place.dir, url: `kafka://${cluster.bootstrap}`, env: {} })
    let round = 0
    return {
      versions: { node: process.version, 'Apache Kafka': KAFKA },
      ours: { run: () => latency(share, openOurs(`${place.dir}/${round++}`)) },
      peer: {
        async run() {
          const topic = `bench-${round++}`
          await admin.createTopic({ name: topic })
          return latency(share, openPeer(cluster.bootstrap, topic))
        },
      },
      async close() {
        await admin.close()
        await cluster.close()
        await place.close()
      },
    }
  },
})

export const medianLatency = versus('L7', 0.5, 2)
export const tailLatency = versus('L7-p99', 0.99, 1)

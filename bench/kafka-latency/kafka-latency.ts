import { once } from 'node:events'
import {
  Consumer,
  MessagesStreamFallbackModes,
  MessagesStreamModes,
  ProduceAcks,
  Producer,
} from '@platformatic/kafka'
import type { Benchmark } from '../benchmark.ts'
import { createTopic } from '../kafka-load.ts'
import { KAFKA_JVM } from '../kafka-records.ts'
import { makeWorkplace } from '../log-records.ts'
import { openLog } from '../../src/log/index.ts'
import { startKafka } from '../../test/engines/kafka-cluster.ts'
import { KAFKA } from '../../test/engines/kafka-jars.ts'

const PER_SECOND = 10_000
/** Records come ten at a time, each millisecond. */
const BURST = 10
const BURST_MS = (BURST * 1_000) / PER_SECOND
const SECONDS = Number(process.env['MILLRACE_BENCH_SECONDS'] ?? 10)
/** Of each run, before what counts: compilers and page cache warm up. */
const WARM_UP_SECONDS = 2
const VALUE_BYTES = 100
/** A sender that was held up sends no more than this at once: brokers refuse batches above 1 MB. */
const SEND_RECORDS = 1_000
/** As `max.in.flight.requests.per.connection`: what comes meanwhile waits, and goes together. */
const IN_FLIGHT = 5

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
  // Open loop: a record's time is when it was due, also if the sender was late. Timers tick in whole milliseconds, which is
  // as long as what is measured: the loop asks the clock in each of its turns, between which it looks for answers.
  const turn = (): void => {
    const bursts = Math.floor((performance.now() - began) / BURST_MS)
    const due = Math.min(total, bursts * BURST, sent + SEND_RECORDS)
    const values = Array.from({ length: due - sent }, (_, index) => {
      const value = Buffer.alloc(VALUE_BYTES)
      value.writeDoubleBE(began + (Math.floor((sent + index) / BURST) + 1) * BURST_MS)
      return value
    })
    sent = due
    if (values.length > 0) lane.send(values)
    next = setImmediate(turn)
  }
  let next = setImmediate(turn)
  try {
    await done
  } finally {
    clearImmediate(next)
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

/**
 * Not idempotent: the client's idempotent sends must not overlap, and one at a time would wait for each other. Like the Java
 * producer with its defaults, which this client leaves to its caller, it sends at once while few requests are under way.
 */
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
    let waiting: Buffer[] = []
    const sendWaiting = (): void => {
      if (waiting.length === 0 || sending.size >= IN_FLIGHT) return
      const messages = waiting.map((value) => ({ topic, value, partition: 0 }))
      waiting = []
      const send = producer.send({ messages }).finally(() => {
        sending.delete(send)
        sendWaiting()
      })
      sending.add(send)
    }
    return {
      send(values) {
        waiting.push(...values)
        sendWaiting()
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

interface Options {
  readonly share: number
  readonly floor: number
  /** Of Kafka's topic. */
  readonly topic: readonly string[]
  readonly which: string
}

/**
 * L7: from the moment a record is due until a consumer has it, 10,000 a second, every acknowledgement durable on our side
 * and acks=all on Kafka's. Figures are one over the latency.
 */
const versus = (id: string, { share, floor, topic: config, which }: Options): Benchmark => ({
  id,
  question: `How soon has a consumer what was sent (p${share * 100} at 10,000 a second), against Apache Kafka (${which})?`,
  work: 1,
  unit: `1/s (one over p${share * 100})`,
  floor,
  async prepare() {
    const place = await makeWorkplace()
    const cluster = await startKafka({ jvm: KAFKA_JVM })
    let round = 0
    return {
      versions: { node: process.version, 'Apache Kafka': KAFKA },
      ours: { run: () => latency(share, openOurs(`${place.dir}/${round++}`)) },
      peer: {
        async run() {
          const topic = `bench-${round++}`
          await createTopic({ bootstrap: cluster.bootstrap, topic }, 1, config)
          return latency(share, openPeer(cluster.bootstrap, topic))
        },
      },
      async close() {
        await cluster.close()
        await place.close()
      },
    }
  },
})

/** As `L4b`: Kafka syncs before it acknowledges, as we always do (decisions/0015). */
const synced = { topic: ['flush.messages=1'], which: 'synced before the acknowledgement' }
const unsynced = { topic: [], which: 'its default flush: from the page cache' }

export const latencyBenchmarks = {
  L7: versus('L7', { share: 0.5, floor: 2, ...synced }),
  'L7-p99': versus('L7-p99', { share: 0.99, floor: 1, ...synced }),
  'L7-unsynced': versus('L7-unsynced', { share: 0.5, floor: 1, ...unsynced }),
  'L7-unsynced-p99': versus('L7-unsynced-p99', { share: 0.99, floor: 1, ...unsynced }),
}

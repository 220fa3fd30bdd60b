/** Benchmarks on one Apache Kafka broker: the cluster, the records and both ways of sending and reading them. */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import {
  Consumer,
  MessagesStreamFallbackModes,
  MessagesStreamModes,
  ProduceAcks,
  Producer,
} from '@platformatic/kafka'
import { openLog, type Log } from '../src/log/index.ts'
import { startKafka, type KafkaCluster } from '../test/engines/kafka-cluster.ts'
import { KAFKA } from '../test/engines/kafka-jars.ts'

/** Of one run; the client's own figures in `engines.md` 2 are for 100,000 to 1,000,000. */
export const CLIENT_RECORDS = Number(process.env['MILLRACE_BENCH_RECORDS'] ?? 500_000)
export const CLIENT_VALUE = Buffer.alloc(200, 0x61)
/** Records of one send or append, each awaited: one idempotent producer loses records when its sends overlap. */
const SEND_RECORDS = 1_000
/** The JVM as Apache Kafka's own script starts it; the tests' flags are for quick starts. */
export const KAFKA_JVM = ['-Xmx1G', '-Xms1G', '-XX:+UseG1GC', '-XX:MaxGCPauseMillis=20']

export interface KafkaBench {
  readonly cluster: KafkaCluster
  readonly log: Log
  /** A new topic of one partition. */
  readonly newTopic: () => Promise<string>
  readonly close: () => Promise<void>
}

export async function clientVersions(): Promise<Record<string, string>> {
  const { version } = JSON.parse(
    await readFile(
      new URL('../node_modules/@platformatic/kafka/package.json', import.meta.url),
      'utf8',
    ),
  ) as { version: string }
  return { node: process.version, '@platformatic/kafka': version, 'Apache Kafka': KAFKA }
}

export async function startKafkaBench(): Promise<KafkaBench> {
  const cluster = await startKafka({ jvm: KAFKA_JVM })
  const log = await openLog({ dir: '.', url: `kafka://${cluster.bootstrap}`, env: {} })
  const close = async (): Promise<void> => {
    await log.close()
    await cluster.close()
  }
  let topics = 0
  const newTopic = async (): Promise<string> => {
    const name = `bench-${topics++}`
    await log.createTopic({ name })
    return name
  }
  return { cluster, log, newTopic, close }
}

const seconds = async (run: () => Promise<void>): Promise<number> => {
  const began = performance.now()
  await run()
  return (performance.now() - began) / 1_000
}

/** One append at a time, as the client must. */
export function fillByDriver(log: Log, topic: string): Promise<number> {
  const records = Array.from({ length: SEND_RECORDS }, () => ({
    key: null,
    value: CLIENT_VALUE,
    headers: [],
    timestamp: Date.now(),
  }))
  return seconds(async () => {
    for (let sent = 0; sent < CLIENT_RECORDS; sent += SEND_RECORDS) {
      await log.append(topic, records)
    }
  })
}

export async function fillByClient(bootstrap: string, topic: string): Promise<number> {
  const producer = new Producer({
    clientId: 'bench',
    bootstrapBrokers: [bootstrap],
    idempotent: true,
    acks: ProduceAcks.ALL,
  })
  const messages = Array.from({ length: SEND_RECORDS }, () => ({
    topic,
    value: CLIENT_VALUE,
    partition: 0,
  }))
  try {
    return await seconds(async () => {
      for (let sent = 0; sent < CLIENT_RECORDS; sent += SEND_RECORDS) {
        await producer.send({ messages })
      }
    })
  } finally {
    await producer.close()
  }
}

/** A consumer that sees every record once. */
export async function readByDriver(log: Log, topic: string, group: string): Promise<number> {
  const consumer = await log.consumer({ group, topics: [topic], from: 'earliest' })
  try {
    return await seconds(async () => {
      let seen = 0
      while (seen < CLIENT_RECORDS) {
        for (const { value } of await consumer.poll({ maxRecords: 10_000 })) {
          if (value?.length === CLIENT_VALUE.length) seen++
        }
      }
    })
  } finally {
    await consumer.close()
  }
}

/** By `data` events, its fastest way. */
export async function readByClient(
  bootstrap: string,
  topic: string,
  group: string,
): Promise<number> {
  const consumer = new Consumer({
    clientId: 'bench',
    bootstrapBrokers: [bootstrap],
    groupId: group,
  })
  await consumer.joinGroup({})
  try {
    return await seconds(async () => {
      const stream = await consumer.consume({
        topics: [topic],
        mode: MessagesStreamModes.EARLIEST,
        fallbackMode: MessagesStreamFallbackModes.EARLIEST,
        autocommit: false,
        maxBytes: 1024 * 1024,
      })
      let seen = 0
      stream.on('data', ({ value }) => {
        if (value?.length === CLIENT_VALUE.length) seen++
        if (seen === CLIENT_RECORDS) stream.destroy()
      })
      await once(stream, 'close')
    })
  } finally {
    await consumer.close()
  }
}

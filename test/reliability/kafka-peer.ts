/**
 * Apache Kafka under A2: one broker whose log lies on the disk that goes, a producer with acks=all, twenty records a request;
 * as it comes, and with a flush after every message.
 */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { openLog, type Log } from '../../src/log/index.ts'
import { startKafka, type KafkaCluster } from '../engines/kafka-cluster.ts'
import { KAFKA, missingForKafka } from '../engines/kafka-jars.ts'
import type { PeerVictim } from './peers.ts'

const TOPIC = 'peer'
const BATCH = 20
const VALUE = Buffer.from('x'.repeat(100))

export interface KafkaVictim extends PeerVictim {
  /** What the log says of the cluster. */
  readonly shortcomings: readonly string[]
}

interface KafkaPeer {
  start(folder: string): Promise<KafkaVictim>
  count(folder: string, acknowledged: number): Promise<number>
}

export function kafkaVersion(): string {
  const missing = missingForKafka()
  if (missing !== undefined) throw new Error(missing)
  return KAFKA
}

const openClient = ({ bootstrap }: KafkaCluster): Promise<Log> =>
  openLog({ dir: '.', url: `kafka://${bootstrap}`, env: {} })

export function kafkaPeer(properties: Readonly<Record<string, string>>): KafkaPeer {
  let cluster: KafkaCluster | undefined
  return {
    async start(folder) {
      cluster = await startKafka({
        properties: { ...properties, 'log.dirs': join(folder, 'kafka') },
      })
      const log = await openClient(cluster)
      await log.createTopic({ name: TOPIC })
      const shortcomings = (await log.cluster?.shortcomings([TOPIC])) ?? []
      // What the broker wrote when it was made is no part of the question.
      execFileSync('sync', ['-f', folder])
      const records = Array.from({ length: BATCH }, () => ({
        key: null,
        value: VALUE,
        headers: [],
        timestamp: Date.now(),
      }))
      const ended = new AbortController()
      let [acknowledged, isFrozen] = [0, false]
      const write = async (): Promise<void> => {
        while (!ended.signal.aborted) {
          await log.append(TOPIC, records)
          if (!isFrozen) acknowledged += BATCH
        }
      }
      // The end of the broker ends it.
      const writing = write().catch(() => {})
      return {
        shortcomings,
        acknowledged: () => acknowledged,
        freeze: () => (isFrozen = true),
        async kill() {
          ended.abort()
          await cluster?.brokers[0]?.kill()
          await log.close().catch(() => {})
          await writing
        },
      }
    },
    async count(_folder, acknowledged) {
      if (cluster === undefined) return 0
      try {
        await cluster.brokers[0]?.start()
        const log = await openClient(cluster)
        try {
          const { end } = (await log.topic(TOPIC)).partitions[0]!
          return Math.min(end, acknowledged)
        } finally {
          await log.close()
        }
      } finally {
        await cluster.close()
      }
    },
  }
}

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { startKafka } from '../../test/engines/kafka-cluster.ts'
import { KAFKA } from '../../test/engines/kafka-jars.ts'
import { kafkaTool } from '../../test/engines/kafka-tools.ts'
import type { Benchmark } from '../benchmark.ts'
import { KAFKA_JVM } from '../kafka-records.ts'
import { makeWorkplace, RECORD_BYTES, RECORDS, timeFilling } from '../log-records.ts'

const PARTITIONS = 6
/** `engines.md` of the design pages: what made the tool fastest there. */
const TUNED = ['batch.size=131072', 'linger.ms=5']

/**
 * L4: the embedded log, each acknowledgement after its sync, against Apache Kafka's own load tool on one broker, which
 * acknowledges from the page cache (acks=1). L4-default is the same with the tool's default batches.
 */
const versus = (id: string, properties: readonly string[], which: string): Benchmark => ({
  id,
  question: `How many durable 100-byte appends a second in process, against Apache Kafka (${which})?`,
  work: RECORDS,
  unit: 'records/s',
  floor: 2,
  async prepare() {
    const place = await makeWorkplace()
    const cluster = await startKafka({ jvm: KAFKA_JVM })
    let round = 0
    return {
      versions: { node: process.version, 'Apache Kafka': KAFKA },
      ours: {
        async run() {
          const dir = join(place.dir, String(round++))
          await mkdir(dir)
          return timeFilling(dir, PARTITIONS)
        },
      },
      peer: {
        async run() {
          const topic = `bench-${round++}`
          const server = ['--bootstrap-server', cluster.bootstrap]
          const shape = ['--partitions', String(PARTITIONS), '--replication-factor', '1']
          await kafkaTool('kafka-topics', [...server, '--create', '--topic', topic, ...shape])
          const load = ['--num-records', String(RECORDS), '--record-size', String(RECORD_BYTES)]
          const where = [`bootstrap.servers=${cluster.bootstrap}`, 'acks=1', ...properties]
          const how = ['--throughput', '-1', '--command-property', ...where]
          const args = ['--topic', topic, ...load, ...how]
          return secondsOf(await kafkaTool('kafka-producer-perf-test', args, '', ['-Xmx512M']))
        },
      },
      async close() {
        await cluster.close()
        await place.close()
      },
    }
  },
})

/** By the tool's own clock, so that the start of its JVM is not in it: "… records sent, 812345.1 records/sec (…". */
function secondsOf(said: string): number {
  const rate = /records sent, ([\d.]+) records\/sec[^\n]*\n?$/.exec(said.trimEnd())?.[1]
  if (rate === undefined) throw new Error(`no figure in what the tool said:\n${said}`)
  return RECORDS / Number(rate)
}

export const logAndKafka = versus('L4', TUNED, 'tuned')
export const logAndDefaultKafka = versus('L4-default', [], 'default batches')

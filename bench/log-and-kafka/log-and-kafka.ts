import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { startKafka } from '../../test/engines/kafka-cluster.ts'
import { KAFKA } from '../../test/engines/kafka-jars.ts'
import type { Benchmark } from '../benchmark.ts'
import { createTopic, produceByTool, TUNED_PRODUCER } from '../kafka-load.ts'
import { KAFKA_JVM } from '../kafka-records.ts'
import { makeWorkplace, RECORD_BYTES, RECORDS, timeFilling } from '../log-records.ts'

const PARTITIONS = 6

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
          const load = { bootstrap: cluster.bootstrap, topic: `bench-${round++}` }
          await createTopic(load, PARTITIONS)
          const size = { records: RECORDS, recordBytes: RECORD_BYTES }
          return produceByTool({ ...load, ...size }, ['acks=1', ...properties])
        },
      },
      async close() {
        await cluster.close()
        await place.close()
      },
    }
  },
})

export const logAndKafka = versus('L4', TUNED_PRODUCER, 'tuned')
export const logAndDefaultKafka = versus('L4-default', [], 'default batches')

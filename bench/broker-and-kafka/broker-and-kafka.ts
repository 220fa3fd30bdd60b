import { join } from 'node:path'
import { startKafka } from '../../test/engines/kafka-cluster.ts'
import { KAFKA } from '../../test/engines/kafka-jars.ts'
import type { Benchmark } from '../benchmark.ts'
import { startBroker } from '../broker-process.ts'
import {
  consumeByTool,
  createTopic,
  produceByTool,
  TUNED_PRODUCER,
  type Load,
} from '../kafka-load.ts'
import { KAFKA_JVM } from '../kafka-records.ts'
import { makeWorkplace } from '../log-records.ts'

const PARTITIONS = 6
/** Of one run. */
const BYTES = Number(process.env['MILLRACE_BENCH_BYTES'] ?? 100_000_000)
/** Kafka syncs before it acknowledges, as we always do. */
const SYNCED = ['flush.messages=1']

interface Options {
  readonly recordBytes: number
  readonly direction: 'produce' | 'consume'
  /** Of the producer, beside acks=all. */
  readonly client: readonly string[]
  /** Of Kafka's topic. */
  readonly topic: readonly string[]
  readonly which: string
}

/**
 * L4b: our broker and Apache Kafka, each a process of its own, under the same load tool of Apache Kafka, acks=all, six
 * partitions. Consuming reads what the same producer stored before, from the page cache.
 */
const versus = (id: string, options: Options): Benchmark => {
  const { recordBytes, direction, client, topic, which } = options
  const records = Math.round(BYTES / recordBytes)
  const of = direction === 'produce' ? 'produced to' : 'consumed from'
  return {
    id,
    question: `How many ${recordBytes}-byte records a second are ${of} our broker, against Apache Kafka (${which})?`,
    work: records,
    unit: 'records/s',
    floor: 1,
    async prepare() {
      const place = await makeWorkplace()
      const broker = await startBroker(join(place.dir, 'log'))
      const kafka = await startKafka({ jvm: KAFKA_JVM })
      let round = 0
      const load = async (bootstrap: string, config: readonly string[]): Promise<Load> => {
        const made = { bootstrap, topic: `bench-${round++}`, records, recordBytes }
        await createTopic(made, PARTITIONS, config)
        return made
      }
      const produce = (to: Load): Promise<number> => produceByTool(to, ['acks=all', ...client])
      const side = async (bootstrap: string, config: readonly string[]) => {
        if (direction === 'produce') {
          return { run: async () => produce(await load(bootstrap, config)) }
        }
        const filled = await load(bootstrap, config)
        await produce(filled)
        return { run: () => consumeByTool(filled) }
      }
      return {
        versions: { node: process.version, 'Apache Kafka': KAFKA },
        ours: await side(broker.bootstrap, []),
        peer: await side(kafka.bootstrap, topic),
        async close() {
          await broker.close()
          await kafka.close()
          await place.close()
        },
      }
    },
  }
}

const produce = { direction: 'produce', client: TUNED_PRODUCER, topic: SYNCED } as const
const consume = { direction: 'consume', client: TUNED_PRODUCER, topic: [] } as const
const synced = 'synced before the acknowledgement'

export const brokerBenchmarks = {
  L4b: versus('L4b', { ...produce, recordBytes: 100, which: synced }),
  'L4b-1k': versus('L4b-1k', { ...produce, recordBytes: 1_000, which: synced }),
  'L4b-default': versus('L4b-default', {
    ...produce,
    client: [],
    recordBytes: 100,
    which: `${synced}, default batches`,
  }),
  'L4b-unsynced': versus('L4b-unsynced', {
    ...produce,
    topic: [],
    recordBytes: 100,
    which: 'its default flush: acknowledged from the page cache',
  }),
  'L4b-unsynced-1k': versus('L4b-unsynced-1k', {
    ...produce,
    topic: [],
    recordBytes: 1_000,
    which: 'its default flush: acknowledged from the page cache',
  }),
  'L4b-consume': versus('L4b-consume', { ...consume, recordBytes: 100, which: 'page cache' }),
  'L4b-consume-1k': versus('L4b-consume-1k', {
    ...consume,
    recordBytes: 1_000,
    which: 'page cache',
  }),
}

import type { Benchmark } from '../benchmark.ts'
import {
  CLIENT_RECORDS,
  clientVersions,
  fillByClient,
  fillByDriver,
  startKafkaBench,
} from '../kafka-records.ts'

/** L5: the Kafka driver's appends against the bare client that it builds on, idempotent with acks=all on both sides. */
export const kafkaSend: Benchmark = {
  id: 'L5',
  question: 'How many 200-byte records a second to Apache Kafka, against the bare client?',
  work: CLIENT_RECORDS,
  unit: 'records/s',
  floor: 0.95,
  async prepare() {
    const bench = await startKafkaBench()
    return {
      versions: await clientVersions(),
      ours: { run: async () => fillByDriver(bench.log, await bench.newTopic()) },
      peer: { run: async () => fillByClient(bench.cluster.bootstrap, await bench.newTopic()) },
      close: bench.close,
    }
  },
}

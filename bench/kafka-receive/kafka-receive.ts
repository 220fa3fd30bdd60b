import type { Benchmark } from '../benchmark.ts'
import {
  CLIENT_RECORDS,
  clientVersions,
  fillByDriver,
  readByClient,
  readByDriver,
  startKafkaBench,
} from '../kafka-records.ts'

/** L5-consume: a group of one that reads everything, by our consumer and by the client's `data` events, its fastest way. */
export const kafkaReceive: Benchmark = {
  id: 'L5-consume',
  question: 'How many 200-byte records a second from Apache Kafka, against the bare client?',
  work: CLIENT_RECORDS,
  unit: 'records/s',
  floor: 0.95,
  async prepare() {
    const bench = await startKafkaBench()
    const topic = await bench.newTopic()
    await fillByDriver(bench.log, topic)
    let groups = 0
    return {
      versions: await clientVersions(),
      ours: { run: () => readByDriver(bench.log, topic, `group-${groups++}`) },
      peer: { run: () => readByClient(bench.cluster.bootstrap, topic, `group-${groups++}`) },
      close: bench.close,
    }
  },
}

import { afterAll, beforeAll, describe, it } from 'vitest'
import { KAFKA_SKIPS, makeKafkaWorld } from '../../src/log/drivers/kafka/kafka-world.conformance.ts'
import { logConformance } from '../../src/log/log.conformance.ts'
import { startKafka, type KafkaCluster } from './kafka-cluster.ts'

let cluster: KafkaCluster

beforeAll(async () => {
  cluster = await startKafka()
})
afterAll(() => cluster.close())

describe('the Kafka driver on Apache Kafka', () => {
  const make = () => makeKafkaWorld({ bootstrap: cluster.bootstrap })
  for (const { guarantee, name, skip, run } of logConformance(make, KAFKA_SKIPS)) {
    const why = skip === undefined ? '' : ` (${skip})`
    it.skipIf(skip !== undefined)(`${guarantee}: ${name}${why}`, () => run())
  }
})

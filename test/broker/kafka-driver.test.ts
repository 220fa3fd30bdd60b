/** The Kafka driver of the log against our own broker: attached processes work as they would on Apache Kafka. */
import { afterAll, beforeAll, describe, it } from 'vitest'
import { KAFKA_SKIPS, makeKafkaWorld } from '../../src/log/drivers/kafka/kafka-world.conformance.ts'
import { logConformance } from '../../src/log/log.conformance.ts'
import { makeBrokerWorld, type BrokerWorld } from '../../src/broker/broker-world.testing.ts'

let world: BrokerWorld

beforeAll(async () => {
  world = await makeBrokerWorld({ limits: { minSessionMs: 1_000 } })
})
afterAll(() => world[Symbol.asyncDispose]())

describe('the Kafka driver on the embedded log’s broker', () => {
  const make = () => makeKafkaWorld({ bootstrap: world.bootstrap })
  for (const { guarantee, name, skip, run } of logConformance(make, KAFKA_SKIPS)) {
    const why = skip === undefined ? '' : ` (${skip})`
    it.skipIf(skip !== undefined)(`${guarantee}: ${name}${why}`, () => run())
  }
})

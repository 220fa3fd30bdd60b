import { describe, it } from 'vitest'
import { brokerGroupConformance } from './broker-groups.conformance.ts'
import { makeBrokerWorld } from './broker-world.testing.ts'
import { brokerConformance } from './broker.conformance.ts'

describe('broker', () => {
  const checks = [...brokerConformance(makeBrokerWorld), ...brokerGroupConformance(makeBrokerWorld)]
  for (const { guarantee, name, run } of checks) it(`${guarantee}: ${name}`, () => run())
})

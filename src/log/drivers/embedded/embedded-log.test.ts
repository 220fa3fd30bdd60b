import { describe, it } from 'vitest'
import { logConformance } from '../../log.conformance.ts'
import { createManualClock } from '../../../testing/index.ts'
import { makeEmbeddedWorld } from './embedded-world.conformance.ts'

describe('embedded log', () => {
  for (const check of logConformance(() =>
    makeEmbeddedWorld({ clock: createManualClock(), crashes: false }),
  )) {
    it(`${check.guarantee}: ${check.name}`, () => check.run())
  }
})

describe('embedded log, with a crash before every look', () => {
  for (const check of logConformance(() =>
    makeEmbeddedWorld({ clock: createManualClock(), crashes: true }),
  )) {
    it(`${check.guarantee}: ${check.name}`, () => check.run())
  }
})

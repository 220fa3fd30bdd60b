import { describe, it } from 'vitest'
import { createManualClock } from '../../../testing/index.ts'
import { logWireConformance } from '../../log-wire.conformance.ts'
import { makeEmbeddedWorld } from './embedded-world.conformance.ts'

for (const crashes of [false, true]) {
  describe(`embedded log behind a broker${crashes ? ', with a crash before every look' : ''}`, () => {
    for (const check of logWireConformance(() =>
      makeEmbeddedWorld({ clock: createManualClock(), crashes }),
    )) {
      it(`${check.guarantee}: ${check.name}`, () => check.run())
    }
  })
}

import { describe, it } from 'vitest'
import { logConformance } from '../../log.conformance.ts'
import { KAFKA_SKIPS, makeKafkaWorld } from './kafka-world.conformance.ts'

/** A cluster that may be emptied. `npm run test:engines` starts one of its own. */
const bootstrap = process.env['MILLRACE_TEST_KAFKA']

describe.skipIf(bootstrap === undefined)('kafka log (needs MILLRACE_TEST_KAFKA=host:port)', () => {
  const make = () => makeKafkaWorld({ bootstrap: bootstrap ?? '' })
  for (const { guarantee, name, skip, run } of logConformance(make, KAFKA_SKIPS)) {
    const why = skip === undefined ? '' : ` (${skip})`
    it.skipIf(skip !== undefined)(`${guarantee}: ${name}${why}`, () => run())
  }
})

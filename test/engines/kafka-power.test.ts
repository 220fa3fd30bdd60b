/** The power of the only broker goes, in small; `npm run soak -- E8` has more rounds. */
import assert from 'node:assert/strict'
import { it } from 'vitest'
import { brokerPower } from '../reliability/e8-broker-power.ts'
import { isClean, toLine } from '../reliability/result.ts'

const SEED = Number(process.env['MILLRACE_SEED'] ?? 20_778)

it(
  `P1: E8, a broker that flushes each message loses nothing, one as it comes does, and the log says so (seed ${SEED})`,
  { timeout: 300_000 },
  async ({ skip }) => {
    const result = await brokerPower({ seed: SEED, isSeedGiven: true, rounds: 1 })
    if ('skipped' in result) skip(result.skipped)
    else assert.ok(isClean(result), toLine(result))
  },
)

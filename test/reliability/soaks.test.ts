/** The fault tests in small, each with its own seed; the long runs are `npm run soak -- <ID> --seed N --rounds N`. */
import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { isClean, toLine, type Soak } from './result.ts'
import { killStorm, killStormOfServer } from './a1-kill-storm.ts'
import { openCost } from './a11-open-cost.ts'
import { powerCut, powerCutOfServer } from './a2-power-cut.ts'
import { failpoints } from './a4-failpoints.ts'
import { fsyncError } from './a5-fsync-error.ts'
import { fullDisk } from './a6-full-disk.ts'
import { fullDiskOfServer } from './a6-full-server.ts'
import { rot } from './a7-rot.ts'
import { slowDisk } from './a8-slow-disk.ts'
import { queueLife } from './a9-queue-life.ts'

const SEED = Number(process.env['MILLRACE_SEED'] ?? 20_261_121)
const SMALL: readonly (readonly [title: string, soak: Soak, rounds: number])[] = [
  ['A1: a killed log has what it acknowledged', killStorm, 2],
  ['A1: a killed server has what it acknowledged', killStormOfServer, 1],
  ['A2: a log has what it acknowledged when the power goes', powerCut, 2],
  ['A2: a server has what it acknowledged when the power goes', powerCutOfServer, 1],
  ['A4: a log that ends at any of its disk calls opens again with what it had', failpoints, 50],
  ['A5: failing syncs are refused, and nothing acknowledged is lost', fsyncError, 2],
  ['A6: a full disk under the log is told, and heals by itself', fullDisk, 1],
  ['A6: a full disk under the server is 503, reads and predictions go on', fullDiskOfServer, 1],
  ['A7: damaged, swapped and stale files are named or of no effect', rot, 6],
  ['A8: on a slow disk records go on in groups', slowDisk, 3],
  ['A9: a queue that is appended to and trimmed has no gap and does not grow', queueLife, 40],
  ['A11: opening costs what the last segment costs', openCost, 3],
]

describe('fault tests in small', () => {
  for (const [title, soak, rounds] of SMALL) {
    it(`${title} (seed ${SEED})`, { timeout: 180_000 }, async ({ skip }) => {
      const result = await soak({ seed: SEED, isSeedGiven: true, rounds })
      if ('skipped' in result) skip(result.skipped)
      else assert.ok(isClean(result), toLine(result))
    })
  }
})

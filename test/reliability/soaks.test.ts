/** The fault tests in small, each with its own seed; the long runs are `npm run soak -- <ID> --seed N --rounds N`. */
import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { isClean, toLine, type Soak } from './result.ts'
import { killStorm, killStormOfServer } from './a1-kill-storm.ts'
import { dedupe } from './a10-dedupe.ts'
import { openCost } from './a11-open-cost.ts'
import { powerCut, powerCutOfServer } from './a2-power-cut.ts'
import { syscallWalk } from './a3-syscall-walk.ts'
import { failpoints } from './a4-failpoints.ts'
import { fsyncError } from './a5-fsync-error.ts'
import { fullDisk } from './a6-full-disk.ts'
import { fullDiskOfServer } from './a6-full-server.ts'
import { rot } from './a7-rot.ts'
import { slowDisk } from './a8-slow-disk.ts'
import { queueLife } from './a9-queue-life.ts'
import { backups } from './b11-backup.ts'
import { conveyorSoak } from './conveyor/b1-conveyor.ts'
import { compactionWalk, seamWalk } from './conveyor/b2-seam-walk.ts'
import { amnesia } from './conveyor/b3-amnesia.ts'
import { quietTopic } from './conveyor/b5-quiet-topic.ts'
import { schemaChange } from './conveyor/b7-schema-change.ts'
import { deadLetters } from './conveyor/b8-dead-letters.ts'
import { swapStorm } from './models/c1-swap-storm.ts'
import { publishWalk } from './models/c2-publish-walk.ts'
import { rottenModel } from './models/c3-rotten-model.ts'
import { crowd } from './models/c4-crowd.ts'
import { drip } from './models/c6-drip.ts'
import { trainerDies } from './models/c5-trainer-dies.ts'
import { badInput } from './models/c7-bad-input.ts'
import { startUp } from './models/c8-start-up.ts'

/** The same for everybody, so that a failure is everybody's; another one by `MILLRACE_SEED`. The titles say it. */
const SEED = Number(process.env['MILLRACE_SEED'] ?? 20_778)
const SMALL: readonly (readonly [title: string, soak: Soak, rounds: number])[] = [
  ['A1: a killed log has what it acknowledged', killStorm, 2],
  ['A1: a killed server has what it acknowledged', killStormOfServer, 1],
  ['A2: a log has what it acknowledged when the power goes', powerCut, 2],
  ['A2: a server has what it acknowledged when the power goes', powerCutOfServer, 1],
  [
    'P5: A3: a server that is killed at one of its system calls starts again with what it had',
    syscallWalk,
    2,
  ],
  ['A4: a log that ends at any of its disk calls opens again with what it had', failpoints, 50],
  ['A5: failing syncs are refused, and nothing acknowledged is lost', fsyncError, 2],
  ['A6: a full disk under the log is told, and heals by itself', fullDisk, 1],
  ['A6: a full disk under the server is 503, reads and predictions go on', fullDiskOfServer, 1],
  ['A7: damaged, swapped and stale files are named or of no effect', rot, 6],
  ['A8: on a slow disk records go on in groups', slowDisk, 3],
  ['A9: a queue that is appended to and trimmed has no gap and does not grow', queueLife, 40],
  ['P4: A10: an id is stored once, however often it is sent and the process is killed', dedupe, 4],
  ['A11: opening costs what the last segment costs', openCost, 3],
  [
    'P2, P3, P10: B1: a sink that is killed again and again leaves each record once, at every look',
    conveyorSoak,
    3,
  ],
  ['P5: B2: struck at a seam of a batch, the next start leads to the same files', seamWalk, 8],
  ['P2: B3: a table that forgets what it knows writes nothing twice', amnesia, 2],
  ['P2: B5: the file of a single event comes, whatever the wall clock does', quietTopic, 3],
  [
    'P5: B6: struck at a seam of a compaction, the next start leads to the same files',
    compactionWalk,
    2,
  ],
  [
    'P8: B7: fields that change in mid-stream are rows of the declared types, or dead letters',
    schemaChange,
    1,
  ],
  [
    'P8: B8: an event that is no row is one dead letter, whenever its writer is killed',
    deadLetters,
    3,
  ],
  [
    'P2: B11: a backup that is taken while events arrive has all that was acknowledged before',
    backups,
    1,
  ],
  [
    'C1, P12, P13: while versions change five times a second, every answer is of one version, whole',
    swapStorm,
    50,
  ],
  ['C2, P5, P12: a publisher that is killed at any step leaves whole versions', publishWalk, 1],
  ['C3, P6, P12: a damaged version is named, and the one before serves', rottenModel, 24],
  ['C4, P12: publishers and promoters all at once leave one history', crowd, 200],
  ['C5, P12, P18: a training that dies is told, and predictions go on', trainerDies, 5],
  [
    'C7, P12: hostile rows get a finite answer, twice the same, or their fault named',
    badInput,
    500,
  ],
  ['C6, P14: labels that are turned around little by little do not move what serves', drip, 10],
  ['C8, P15: a start on a broken version serves another one and says so', startUp, 8],
]

describe('fault tests in small', () => {
  for (const [title, soak, rounds] of SMALL) {
    it(`${title} (seed ${SEED})`, { timeout: 300_000 }, async ({ skip }) => {
      const result = await soak({ seed: SEED, isSeedGiven: true, rounds })
      if ('skipped' in result) skip(result.skipped)
      else assert.ok(isClean(result), toLine(result))
    })
  }
})

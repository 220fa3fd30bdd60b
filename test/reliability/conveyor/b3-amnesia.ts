/**
 * B3: between two runs a table loses what it knows: its newest manifest record, all of them, the boundaries of the log, the
 * committed offsets of its group, or everything of it at once; also when its files were merged and the log has been trimmed to
 * what the table does not have. The next start finds out from what is left, and no record is written twice. A round is one loss.
 */
import { mkdtemp, readdir, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createRandom } from '../../../src/kernels/index.ts'
import { openLog } from '../../../src/log/index.ts'
import { createFindings } from '../findings.ts'
import type { Soak } from '../result.ts'
import { pause } from '../writer.ts'
import { LAYOUTS } from './child.ts'
import { createConveyor, type Conveyor } from './conveyor.ts'
import { TOPIC } from './events.ts'

const STEPS = [400, 800, 1_200]
const TOTAL = 2_000

type Loss = (conveyor: Conveyor) => Promise<void>

const manifestOf = ({ dir }: Conveyor): string => join(dir, 'lake', TOPIC, 'manifest')

async function newestRecord(conveyor: Conveyor): Promise<void> {
  const folder = manifestOf(conveyor)
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json')).toSorted()
  await rm(join(folder, names.at(-1)!))
}

const allRecords: Loss = (conveyor) => rm(manifestOf(conveyor), { recursive: true })

const topicLost =
  (topic: string): Loss =>
  async ({ dir }) => {
    const log = await openLog({ dir: join(dir, 'log'), cleanIntervalMs: 0 })
    await log.deleteTopic(topic)
    await log.close()
  }

const boundaries = topicLost('__millrace-batches')
const groupOffsets: Loss = async ({ dir }) => {
  const topics = join(dir, 'log', 'topics')
  for (const name of await readdir(topics)) {
    if (name.includes('offsets')) await rm(join(topics, name), { recursive: true })
  }
}

const LOSSES: Readonly<Record<string, Loss>> = {
  'newest manifest record': newestRecord,
  'all manifest records': allRecords,
  boundaries,
  'group offsets': groupOffsets,
  'newest record and boundaries': async (conveyor) => {
    await newestRecord(conveyor)
    await boundaries(conveyor)
  },
  everything: async (conveyor) => {
    await allRecords(conveyor)
    await boundaries(conveyor)
    await groupOffsets(conveyor)
  },
}

/** The files that were merged are kept for ten minutes: long enough ago, they are gone. */
const replacedFiles: Loss = async ({ dir }) => {
  const table = join(dir, 'lake', TOPIC)
  const shown = basename(await realpath(join(table, 'current')))
  for (const name of await readdir(join(table, 'generations')))
    if (name !== shown) await rm(join(table, 'generations', name), { recursive: true })
}

/** Losses of a table whose files say less, and whose log no longer has what they hold. */
const LOSSES_OF_MERGED: Readonly<Record<string, Loss>> = {
  'all manifest records': async (conveyor) => {
    await replacedFiles(conveyor)
    await allRecords(conveyor)
  },
  boundaries,
}

const CASES = LAYOUTS.flatMap((layout) => [
  ...Object.entries(LOSSES_OF_MERGED).map(([name, lose]) => ({
    layout,
    name: `${name}, merged and trimmed`,
    lose,
    isMerged: true,
  })),
  ...Object.entries(LOSSES).map(([name, lose]) => ({ layout, name, lose, isMerged: false })),
])

/** Ends at a random moment within the batches, or after the last of them; a merged table when all is done. */
async function runOnce(conveyor: Conveyor, isMerged: boolean, waitMs: number): Promise<void> {
  if (isMerged) return conveyor.finish({ steps: STEPS, compact: true, trim: true })
  const run = conveyor.start({ steps: [...STEPS, TOTAL] })
  await run.opened
  await pause(waitMs)
  await run.kill()
}

export const amnesia: Soak = async ({ seed, rounds }) => {
  const began = performance.now()
  const random = createRandom(seed)
  const findings = createFindings()
  const first = rounds === undefined ? 0 : random.int(CASES.length)
  const count = rounds ?? CASES.length
  for (let round = 0; round < count; round++) {
    const { layout, name, lose, isMerged } = CASES[(first + round) % CASES.length]!
    const dir = await mkdtemp(join(tmpdir(), 'millrace-b3-'))
    try {
      await findings.attempt(`${layout}, without ${name}`, async () => {
        const conveyor = createConveyor(dir, layout)
        await runOnce(conveyor, isMerged, random.int(800))
        await lose(conveyor)
        await conveyor.finish({ steps: [TOTAL], trim: isMerged })
        await conveyor.assertWhole(TOTAL)
      })
    } finally {
      await rm(dir, { recursive: true, force: true })
    }
  }
  const seconds = (performance.now() - began) / 1_000
  const { anomalies, worst } = findings
  const facts = { id: 'B3', promise: 'P2', seed, rounds: count, acknowledged: count * TOTAL }
  return { ...facts, anomalies, worst, seconds }
}

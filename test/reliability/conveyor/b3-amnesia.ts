/**
 * B3: between two runs a table loses what it knows: its newest manifest record, all of them, the boundaries of the log, the
 * committed offsets of its group, or everything of it at once. The next start finds out from what is left, and no record is
 * written twice. A round is one loss.
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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

export const amnesia: Soak = async ({ seed, rounds }) => {
  const began = performance.now()
  const random = createRandom(seed)
  const findings = createFindings()
  const cases = LAYOUTS.flatMap((layout) =>
    Object.entries(LOSSES).map(([name, lose]) => ({ layout, name, lose })),
  )
  const first = rounds === undefined ? 0 : random.int(cases.length)
  const count = rounds ?? cases.length
  for (let round = 0; round < count; round++) {
    const { layout, name, lose } = cases[(first + round) % cases.length]!
    const dir = await mkdtemp(join(tmpdir(), 'millrace-b3-'))
    try {
      await findings.attempt(`${layout}, without ${name}`, async () => {
        const conveyor = createConveyor(dir, layout)
        const run = conveyor.start({ steps: [...STEPS, TOTAL] })
        await run.opened
        // Somewhere within the batches, or after the last of them.
        await pause(random.int(800))
        await run.kill()
        await lose(conveyor)
        await conveyor.finish({ steps: [TOTAL] })
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

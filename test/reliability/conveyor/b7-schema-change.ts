/**
 * B7: what events and apps call a field changes in mid-stream, and the sink is killed meanwhile. Events bring fields that no
 * column has, leave some out, widen or rename them (events.ts): what fits is a row of the declared types, the rest a dead
 * letter, never a loop of crashes. Then the app declares a column more: older rows have NULL there, newer ones their value,
 * also after a compaction; one that changes a column's type is refused, untouched; and an app of before opens it still. A round
 * is such a life of one layout.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isMillraceError, silentLogger, systemClock } from '../../../src/core/index.ts'
import { createRandom, type Random } from '../../../src/kernels/index.ts'
import { openLake } from '../../../src/lake/index.ts'
import { Anomaly } from '../anomaly.ts'
import { createFindings } from '../findings.ts'
import type { Soak } from '../result.ts'
import { pause } from '../writer.ts'
import { assertSameFiles } from './b1-conveyor.ts'
import { LAYOUTS, partitionByOf } from './child.ts'
import { createConveyor, type Conveyor } from './conveyor.ts'
import { COLUMNS, EXTRA, extraOf, isBad, numberAt, TOPIC } from './events.ts'

const [BEFORE, AFTER] = [2_000, 4_000]
const WITH_EXTRA = [...COLUMNS, EXTRA]

export const schemaChange: Soak = async ({ seed, rounds = 4 }) => {
  const began = performance.now()
  const random = createRandom(seed)
  const findings = createFindings()
  for (let round = 0; round < rounds; round++) {
    const layout = LAYOUTS[(seed + round) % LAYOUTS.length]!
    const dir = await mkdtemp(join(tmpdir(), 'millrace-b7-'))
    try {
      await findings.attempt(layout, () => changes(createConveyor(dir, layout), random))
    } finally {
      await rm(dir, { recursive: true, force: true })
    }
  }
  const seconds = (performance.now() - began) / 1_000
  const { anomalies, worst } = findings
  const facts = { id: 'B7', promise: 'P2 P8', seed, rounds, acknowledged: rounds * AFTER }
  return { ...facts, anomalies, worst, seconds }
}

async function changes(conveyor: Conveyor, random: Random): Promise<void> {
  const policy = { rows: 300 }
  await killed(conveyor, { policy, steps: [BEFORE] }, random)
  await conveyor.finish({ policy, steps: [BEFORE] })
  await conveyor.assertWhole(BEFORE)
  await killed(conveyor, { policy, columns: WITH_EXTRA, steps: [AFTER] }, random)
  await conveyor.finish({ policy, columns: WITH_EXTRA, steps: [AFTER] })
  await conveyor.assertWhole(AFTER)
  await assertExtra(conveyor)
  await conveyor.finish({ policy, columns: WITH_EXTRA, steps: [], compact: true })
  await conveyor.assertWhole(AFTER)
  await assertExtra(conveyor)
  const before = await conveyor.digests()
  await assertRefused(conveyor)
  // The app of before: its column is gone from the declaration, not from the table.
  await conveyor.finish({ policy, columns: COLUMNS, steps: [] })
  await conveyor.assertWhole(AFTER)
  assertSameFiles(before, await conveyor.digests(), 'opened by the app of before')
}

async function killed(
  conveyor: Conveyor,
  options: Parameters<Conveyor['start']>[0],
  random: Random,
): Promise<void> {
  const run = conveyor.start(options)
  await run.opened
  await pause(random.int(300))
  await run.kill()
}

/** All rows of the second half have their value, those of before the change NULL. */
async function assertExtra(conveyor: Conveyor): Promise<void> {
  for (const row of await conveyor.rows()) {
    const n = numberAt(Number(row['_partition']), Number(row['_offset']))
    const wanted = n >= BEFORE && n % 7 === 0 && !isBad(n) ? extraOf(n) : undefined
    if ((row['extra'] ?? undefined) !== wanted)
      throw new Anomaly('changed', `event ${n} has extra ${String(row['extra'])}, not ${wanted}`)
  }
}

async function assertRefused({ dir, layout }: Conveyor): Promise<void> {
  const lake = await openLake({ dir: join(dir, 'lake'), clock: systemClock, logger: silentLogger })
  const columns = COLUMNS.map((column) =>
    column.name === 'n' ? ({ ...column, type: 'text' } as const) : column,
  )
  try {
    await lake.openTable({ name: TOPIC, topic: TOPIC, columns, partitionBy: partitionByOf(layout) })
    throw new Anomaly('changed', 'a column changed its type and the table opened')
  } catch (error) {
    if (!isMillraceError(error, 'LAKE_SCHEMA_CONFLICT')) throw error
  } finally {
    await lake.close()
  }
}

/**
 * B8: one event in eleven is no row, in twelve ways, and the sink is killed while it writes dead letters, again and again.
 * Every event is a row or a letter, once, and a letter has the event's bytes. A round is one kill.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRandom } from '../../../src/kernels/index.ts'
import { createFindings } from '../findings.ts'
import type { Soak } from '../result.ts'
import { createConveyor } from './conveyor.ts'

/** Between what is known of a batch, its letters and its rows. */
const SEAMS = ['boundary-logged', 'dead-letters-written', 'lake-committed', 'batch-recorded']
const EVENTS_A_ROUND = 400
const ROWS_A_BATCH = 60
const BATCHES_A_ROUND = Math.floor(EVENTS_A_ROUND / ROWS_A_BATCH)

export const deadLetters: Soak = async ({ seed, rounds = 20 }) => {
  const began = performance.now()
  const random = createRandom(seed)
  const findings = createFindings()
  const dir = await mkdtemp(join(tmpdir(), 'millrace-b8-'))
  const conveyor = createConveyor(dir, 'plain')
  const policy = { rows: ROWS_A_BATCH }
  const total = rounds * EVENTS_A_ROUND
  try {
    for (let round = 0; round < rounds; round++) {
      const at = SEAMS[random.int(SEAMS.length)]!
      await findings.attempt(`killed at "${at}"`, async () => {
        const strike = { at, passes: random.int(BATCHES_A_ROUND), how: 'kill' } as const
        const run = conveyor.start({ policy, steps: [(round + 1) * EVENTS_A_ROUND], strike })
        await run.ended
        await conveyor.look()
      })
    }
    await findings.attempt('at the end', async () => {
      await conveyor.finish({ policy, steps: [total] })
      await conveyor.assertWhole(total)
    })
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
  const seconds = (performance.now() - began) / 1_000
  const { anomalies, worst } = findings
  return {
    id: 'B8',
    promise: 'P8 P9',
    seed,
    rounds,
    acknowledged: total,
    anomalies,
    worst,
    seconds,
  }
}

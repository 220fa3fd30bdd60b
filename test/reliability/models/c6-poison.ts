/**
 * C6: twelve kinds of poison in one batch, with other data for every seed. What serves never gets worse by more than the
 * gate's margin, and no parameter is ever other than finite. A round is one poison.
 */
import { AssertionError } from 'node:assert'
import { createFindings } from '../findings.ts'
import type { Soak } from '../result.ts'
import { errorAfter, POISONS, trainClean } from './poison.ts'

/** Seeds of batches of one world; the next world's are others. */
const SEEDS_OF_A_WORLD = 10

export const poison: Soak = async ({ seed, rounds = POISONS.length }) => {
  const began = performance.now()
  const findings = createFindings()
  let worse = 0
  for (let round = 0; round < rounds;) {
    const own = (seed + Math.floor(round / POISONS.length)) * SEEDS_OF_A_WORLD
    const champion = await trainClean(own)
    try {
      for (const one of POISONS) {
        if (round === rounds) break
        round += 1
        try {
          worse = Math.max(worse, (await errorAfter(one, own, champion)) - champion.error)
        } catch (error) {
          if (!(error instanceof AssertionError)) throw error
          findings.note('changed', `${one.name}, data of seed ${own}: ${error.message}`)
        }
      }
    } finally {
      await champion.close()
    }
  }
  const seconds = (performance.now() - began) / 1_000
  const { anomalies, worst } = findings
  const facts = { id: 'C6', promise: 'P14', seed, rounds, acknowledged: 0 }
  const more = { rmse_worse_max: Number(worse.toFixed(4)) }
  return { ...facts, anomalies, worst, seconds, more }
}

/**
 * C6 of the reliability catalogue: a planted truth is learned, then one batch of poison comes and a version is trained with it.
 * What serves afterwards is asked about rows of the truth that no stream ever carried. Other seeds: `npm run soak -- C6`.
 */
import { afterAll, beforeAll, describe, it } from 'vitest'
import { errorAfter, POISONS, trainClean } from '../../test/reliability/models/poison.ts'

const SEED = 0

describe('C6: one batch of poison', () => {
  let champion: Awaited<ReturnType<typeof trainClean>>
  beforeAll(async () => {
    champion = await trainClean(SEED)
  }, 60_000)
  afterAll(() => champion.close())

  for (const poison of POISONS) {
    it(`C6: ${poison.name}: what serves does not get worse`, { timeout: 60_000 }, async () => {
      await errorAfter(poison, SEED, champion)
    })
  }
})

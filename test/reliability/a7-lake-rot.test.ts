import { expect, test } from 'vitest'
import { LAKE_ROT_KINDS, openLakeRot } from './a7-lake-rot.ts'

/** Each round opens two tables anew, some tenths of a second; `npm run soak -- A7` does 50 of the first five. */
const ROUNDS = 5
/** The same for everybody, so that a failure is everybody's; another one by `MILLRACE_SEED`. The title says it. */
const SEED = Number(process.env['MILLRACE_SEED'] ?? 20_778)

test(`P6, H16: a damaged file of the lake is refused by name or written again, never served (seed ${SEED})`, async () => {
  const rot = await openLakeRot(SEED)
  const told = new Map<string, number>()
  try {
    for (const kind of LAKE_ROT_KINDS) {
      for (let round = 0; round < ROUNDS; round++) {
        const answer = await rot.round(kind)
        told.set(answer, (told.get(answer) ?? 0) + 1)
      }
    }
  } finally {
    await rot.close()
  }
  expect(told.get('LAKE_CORRUPT') ?? 0).toBeGreaterThan(ROUNDS)
}, 120_000)

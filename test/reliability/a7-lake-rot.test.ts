import { expect, test } from 'vitest'
import { LAKE_ROT_KINDS, openLakeRot } from './a7-lake-rot.ts'

/** Each round opens two tables anew, some tenths of a second; `npm run soak -- A7` does 50 of the first five. */
const ROUNDS = 5

test('P6, H16: a damaged file of the lake is refused by name or written again, never served', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31)
  process.stdout.write(`A7 lake: seed ${seed}\n`)
  const rot = await openLakeRot(seed)
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

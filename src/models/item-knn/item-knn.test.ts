import { describe, expect, test } from 'vitest'
import { createInteractions } from '../interactions.ts'
import { parseParams } from '../open-model.ts'
import { recommenderConformance } from '../recommender.conformance.ts'
import { itemKnn } from './item-knn.ts'

describe('conformance', () => {
  for (const { guarantee, name, run } of recommenderConformance(itemKnn))
    test(`${guarantee} ${name}`, run)
})

/** ann and bob had a and b, cat had b and c. */
const data = createInteractions(
  {
    user: ['ann', 'ann', 'bob', 'bob', 'cat', 'cat'],
    item: ['a', 'b', 'a', 'b', 'b', 'c'],
    time: new Float64Array(6),
  },
  'sum',
)
const fit = (params: Record<string, unknown>) =>
  itemKnn.fit(data, parseParams(itemKnn, params), { seed: 1 })

test('similarities are shrunk cosines', async () => {
  const model = await fit({ shrink: 1 })
  const similar = model.similar(1, { limit: 2 })
  expect(similar.map(({ item }) => model.items.idOf(item))).toEqual(['a', 'c'])
  expect(similar[0]?.score).toBeCloseTo(2 / (Math.sqrt(2 * 3) + 1), 12)
  expect(similar[1]?.score).toBeCloseTo(1 / (Math.sqrt(3) + 1), 12)
  expect(model.similarity(0, 2)).toBe(0)
})

test('only the nearest neighbours count', async () => {
  const model = await fit({ shrink: 0, neighbours: 1 })
  const cat = model.user(model.users.codeOf('cat'))
  // a has b as its neighbour, which cat had; c, which cat had, is no neighbour of a.
  expect(cat.score(0)).toBeCloseTo(2 / Math.sqrt(6), 12)
  expect([...cat.because(0).contributions]).toEqual([cat.score(0), 0])
})

test('a score of a new item is what a fit with it would say', async () => {
  const model = await fit({ shrink: 3 })
  const folded = model.foldInItem([
    { taste: model.user(0), value: 1, time: 0 },
    { taste: model.user(2), value: 1, time: 0 },
  ])
  // Common users with b: two of two and three; with a: one; with c: one.
  const withB = 2 / (Math.sqrt(2 * 3) + 3)
  const withA = 1 / (Math.sqrt(2 * 2) + 3)
  expect(folded.score(model.user(1))).toBeCloseTo(withA + withB, 12)
})

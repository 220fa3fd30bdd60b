import { describe, expect, test } from 'vitest'
import { createInteractions } from '../interactions.ts'
import { parseParams } from '../open-model.ts'
import { recommenderConformance } from '../recommender.conformance.ts'
import type { FittedRecommender } from '../recommender.ts'
import { popularity } from './popularity.ts'

describe('conformance', () => {
  for (const { guarantee, name, run } of recommenderConformance(popularity))
    test(`${guarantee} ${name}`, run)
})

const HOUR = 3_600_000
/** "old" had five users long ago, "burst" three in the last hour, "late" one just now. */
const events = [
  ...[1, 2, 3, 4, 5].map((user) => [`u${user}`, 'old', user] as const),
  ...[1, 2, 3].map((user) => [`u${user}`, 'burst', 1_000 + user / 10] as const),
  ['u9', 'late', 1_001] as const,
]
const fit = (params: Record<string, unknown>): Promise<FittedRecommender> =>
  popularity.fit(
    createInteractions(
      {
        user: events.map(([user]) => user),
        item: events.map(([, item]) => item),
        time: Float64Array.from(events, ([, , hours]) => hours * HOUR),
      },
      'sum',
    ),
    parseParams(popularity, params),
    { seed: 1 },
  )
const listOf = (model: FittedRecommender): string[] =>
  model
    .foldIn({ items: new Int32Array(), values: new Float32Array(), times: new Float64Array() })
    .recommend({ limit: 3 })
    .map(({ item }) => model.items.idOf(item))

test('popular counts users', async () => {
  const model = await fit({})
  expect(listOf(model)).toEqual(['old', 'burst', 'late'])
  expect(model.user(0).score(model.items.codeOf('old'))).toBe(5)
})

test('trending halves an interaction for every half-life: the burst comes first', async () => {
  const model = await fit({ rank: 'trending', halfLifeHours: 24 })
  expect(listOf(model)).toEqual(['burst', 'late', 'old'])
  const age = [0.9, 0.8, 0.7].reduce((sum, hours) => sum + 2 ** (-hours / 24), 0)
  expect(model.user(0).score(model.items.codeOf('burst'))).toBeCloseTo(age, 9)
})

test('newest is by the first time that anyone had the item', async () => {
  const model = await fit({ rank: 'newest' })
  expect(listOf(model)).toEqual(['late', 'burst', 'old'])
  expect(model.user(0).score(model.items.codeOf('burst'))).toBeCloseTo(-0.9, 9)
})

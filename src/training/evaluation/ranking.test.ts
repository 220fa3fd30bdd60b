import { expect, test } from 'vitest'
import { createInteractions, openRecommenderKind, parseParams } from '../../models/index.ts'
import { rankingMetrics } from './ranking.ts'

const pairs = (list: readonly string[]) =>
  createInteractions(
    {
      user: list.map((pair) => pair.split(' ')[0]!),
      item: list.map((pair) => pair.split(' ')[1]!),
      time: new Float64Array(list.length),
    },
    'sum',
  )

test('by hand: lists of popular items against what two users had next', async () => {
  // Popularity: a 3, b 2, c 1, d 1. u1 had a, u2 had b.
  const train = pairs(['u1 a', 'u2 b', 'u3 a', 'u3 b', 'u4 a', 'u4 c', 'u5 d'])
  const kind = await openRecommenderKind('popularity')
  const model = await kind.fit(train, parseParams(kind, {}), { seed: 1 })
  // u1 is shown b, c, d: c is at place 2. u2 is shown a, c, d: a and d are at 1 and 3. u9 had nothing before.
  const metrics = rankingMetrics(model, train, pairs(['u1 c', 'u1 a', 'u2 a', 'u2 d', 'u9 a']))
  const first = 1 / Math.log2(3)
  const second = (1 + 1 / Math.log2(4)) / (1 + 1 / Math.log2(3))
  expect(metrics?.users).toBe(2)
  expect(metrics?.['ndcg@10']).toBeCloseTo((first + second) / 2, 12)
  expect(metrics?.['precision@10']).toBeCloseTo((0.1 + 0.2) / 2, 12)
  expect(metrics?.['recall@10']).toBe(1)
  expect(metrics?.['coverage@10']).toBe(1)
})

test('nobody to ask gives no metrics', async () => {
  const train = pairs(['u1 a'])
  const kind = await openRecommenderKind('popularity')
  const model = await kind.fit(train, parseParams(kind, {}), { seed: 1 })
  expect(rankingMetrics(model, train, pairs(['u1 a', 'u2 a']))).toBeUndefined()
})

import { expect, test } from 'vitest'
import { createRandom } from '../../kernels/index.ts'
import { intervals } from './catalog.ts'

/** Rows of a known world: the probability is right, so the accuracy of a row is known. */
function coins(seed: number, rows: number): { truth: Float64Array; predicted: Float64Array } {
  const random = createRandom(seed)
  const predicted = new Float64Array(rows).fill(0.7)
  return { truth: Float64Array.from(predicted, (p) => (random.uniform() < p ? 1 : 0)), predicted }
}

test('95 % intervals hold the truth in about 95 of 100 samples', () => {
  let held = 0
  for (let seed = 1; seed <= 200; seed += 1) {
    const [low, high] = intervals('classifier', coins(seed, 300), { seed })['accuracy']!
    if (low <= 0.7 && 0.7 <= high) held += 1
  }
  // 200 trials at 0.95 have a deviation of 3.
  expect(held).toBeGreaterThan(180)
  expect(held).toBeLessThan(200)
})

test('an interval holds its figure, narrows with rows and repeats with the seed', () => {
  const [few, many] = [coins(5, 100), coins(5, 10_000)]
  const small = intervals('classifier', few, { seed: 1 })['brier']!
  const large = intervals('classifier', many, { seed: 1 })['brier']!
  expect(large[1] - large[0]).toBeLessThan((small[1] - small[0]) / 5)
  expect(intervals('classifier', many, { seed: 1 })['brier']).toEqual(large)
  expect(intervals('classifier', many, { seed: 2 })['brier']).not.toEqual(large)
})

test('entities are drawn whole: rows that repeat say nothing new', () => {
  const one = coins(3, 100)
  const tenfold = {
    truth: Float64Array.from({ length: 1_000 }, (_, row) => one.truth[row % 100]!),
    predicted: new Float64Array(1_000).fill(0.7),
  }
  const entities = Array.from({ length: 1_000 }, (_, row) => `user ${row % 100}`)
  const width = ([low, high]: readonly [number, number]): number => high - low
  const byRow = width(intervals('classifier', tenfold, { seed: 1 })['accuracy']!)
  const byEntity = width(intervals('classifier', tenfold, { seed: 1, entities })['accuracy']!)
  const alone = width(intervals('classifier', one, { seed: 1 })['accuracy']!)
  expect(byEntity).toBeGreaterThan(2 * byRow)
  expect(byEntity / alone).toBeCloseTo(1, 1)
})

test('a metric that some draw does not define has no interval; one row has none at all', () => {
  const truth = Float64Array.of(1, 0, 0, 0)
  const predicted = Float64Array.of(0.9, 0.2, 0.3, 0.1)
  const found = intervals('classifier', { truth, predicted }, { seed: 1 })
  expect(found['auc']).toBeUndefined()
  expect(found['brier']).toBeDefined()
  expect(
    intervals(
      'regressor',
      { truth: Float64Array.of(1), predicted: Float64Array.of(2) },
      { seed: 1 },
    ),
  ).toEqual({})
})

import { expect, test } from 'vitest'
import { createRandom } from '../../kernels/index.ts'
import { explore } from './explore.ts'

const order = ['a', 'b', 'c', 'd', 'e']

test('without a share the order stays, and every propensity is 1', () => {
  const list = explore(order, 3, 0, () => 0.5)
  expect(list).toEqual(['a', 'b', 'c'].map((item) => ({ item, propensity: 1 })))
})

test('B12: propensities are how often each item comes to its place', () => {
  const random = createRandom(3)
  const draws = 40_000
  const firsts = new Map<string, { count: number; propensity: number }>()
  for (let draw = 0; draw < draws; draw++) {
    const [first] = explore(order, 1, 0.3, () => random.uniform())
    const before = firsts.get(first!.item)?.count ?? 0
    firsts.set(first!.item, { count: before + 1, propensity: first!.propensity })
  }
  expect(firsts.size).toBe(order.length)
  for (const { count, propensity } of firsts.values())
    expect(Math.abs(count / draws - propensity)).toBeLessThan(0.01)
  const sum = [...firsts.values()].reduce((total, { propensity }) => total + propensity, 0)
  expect(sum).toBeCloseTo(1, 12)
})

test('a list repeats nothing and ends with its candidates', () => {
  const random = createRandom(4)
  const list = explore(order, 10, 1, () => random.uniform()).map(({ item }) => item)
  expect(list.toSorted()).toEqual(order)
})

import { describe, expect, test } from 'vitest'
import type { Dataset } from '../model.ts'
import { modelConformance } from '../model.conformance.ts'
import { parseParams } from '../open-model.ts'
import { bias } from './bias.ts'

describe('conformance', () => {
  for (const { guarantee, name, run } of modelConformance(bias)) test(`${guarantee} ${name}`, run)
})

const fit = (data: Dataset, params: Record<string, unknown>) =>
  bias.fit(data, parseParams(bias, params), { seed: 1 })

/** Every user rates every item: 3 + user's offset + item's offset; the offsets of each side sum to 0. */
function board(users: readonly number[], items: readonly number[]): Dataset {
  const rows = users.length * items.length
  const user = Int32Array.from({ length: rows }, (_, r) => Math.floor(r / items.length))
  const item = Int32Array.from({ length: rows }, (_, r) => r % items.length)
  return {
    matrix: { names: [], rows, values: new Float64Array(0) },
    categories: [
      { name: 'user', levels: users.map((_, u) => `u${u}`), codes: user },
      { name: 'item', levels: items.map((_, i) => `i${i}`), codes: item },
    ],
    label: Float64Array.from(user, (u, r) => 3 + users[u]! + items[item[r]!]!),
  }
}
const ask = (user: (string | null)[], item: (string | null)[]) => ({
  matrix: { names: [], rows: user.length, values: new Float64Array(0) },
  categories: { user, item },
})

test('offsets that are there are found exactly without damping', async () => {
  const fitted = await fit(board([1, 0, -1], [0.5, -0.5]), { damping: 0 })
  const { value, unknown } = fitted.predict(ask(['u0', 'u2', 'u9', null], ['i1', 'i0', 'i0', null]))
  expect(value[0]).toBeCloseTo(3.5, 10)
  expect(value[1]).toBeCloseTo(2.5, 10)
  // Unknown and missing count as an average one.
  expect(value[2]).toBeCloseTo(3.5, 10)
  expect(value[3]).toBeCloseTo(3, 10)
  expect(unknown).toEqual([undefined, undefined, ['user'], ['item', 'user']])
})

test('damping pulls a level of n rows by n / (n + λ), and each category may have its own', async () => {
  const rows = 6
  const data: Dataset = {
    matrix: { names: [], rows, values: new Float64Array(0) },
    categories: [{ name: 'user', levels: ['a', 'b'], codes: Int32Array.of(0, 0, 0, 1, 1, 1) }],
    label: Float64Array.of(5, 5, 5, 1, 1, 1),
  }
  const offsets = async (params: Record<string, unknown>) =>
    Array.from((await fit(data, params)).save().tensors['level/user']!.data)
  expect(await offsets({ damping: 3 })).toEqual([1, -1])
  expect(await offsets({ damping: 3, dampingBy: { user: 1 } })).toEqual([1.5, -1.5])
  expect(await offsets({ damping: 0 })).toEqual([2, -2])
})

test('a weight of two counts as the row twice', async () => {
  const data = board([1, 0.2, -1.2], [0.5, -0.5])
  const twice = [...Array(6).keys(), 0, 3]
  const { matrix, categories, label } = data
  const repeated: Dataset = {
    matrix: { ...matrix, rows: 8 },
    categories: categories.map((category) => ({
      ...category,
      codes: Int32Array.from(twice, (r) => category.codes[r]!),
    })),
    label: Float64Array.from(twice, (r) => label![r]!),
  }
  const weight = Float64Array.of(2, 1, 1, 2, 1, 1)
  const params = { tolerance: 0, maxIterations: 200 }
  const [a, b] = [await fit({ ...data, weight }, params), await fit(repeated, params)]
  const input = ask(['u0', 'u1', 'u2'], ['i0', 'i1', 'i0'])
  b.predict(input).value.forEach((value, r) => {
    expect(a.predict(input).value[r]).toBeCloseTo(value, 10)
  })
})

test('without a category there is nothing to learn, and the message says what to declare', async () => {
  await expect(fit({ ...board([1, -1], [0]), categories: [] }, {})).rejects.toThrow(
    'declare them, for example categories: ["userId", "movieId"]',
  )
})

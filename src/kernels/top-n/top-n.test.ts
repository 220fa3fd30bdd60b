import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRandom } from '../random.ts'
import { createPlainTopN, createTopN } from './top-n.ts'

const gaussians = (count: number, seed: number): Float32Array => {
  const random = createRandom(seed)
  return Float32Array.from({ length: count }, () => random.gaussian())
}

test.each([
  [1, 1],
  [3, 7],
  [5_000, 8],
  [5_000, 50],
  [70_001, 64],
  [2_000, 1_024],
])('%i rows of %i numbers: the same bits as without the scan', (rows, d) => {
  // Norms spread over two decades, as those of trained factors are.
  const values = gaussians(rows * d, rows).map(
    (value, at) => value * (1 + Math.floor(at / d)) ** -0.4,
  )
  const fast = createTopN(values, d)
  const plain = createPlainTopN(values, d)
  expect(fast.runs).toBe('wasm')
  for (let seed = 1; seed <= 5; seed++) {
    const query = gaussians(d, 1_000 + seed)
    for (const limit of [0, 1, 10, 300]) {
      expect(fast.search(query, limit)).toEqual(plain.search(query, limit))
      const accept = (row: number): boolean => row % 7 === seed
      expect(fast.search(query, limit, accept)).toEqual(plain.search(query, limit, accept))
    }
  }
})

test('ties, zeros, equal and huge rows come in the order of rows', () => {
  const rows = [
    [0, 0],
    [3e30, -3e30],
    [1, 1],
    [1, 1],
    [1e-30, 0],
    [1e-40, 1e-42],
    [-1, -1],
    [1, 1],
    [2, 0],
  ]
  const values = Float32Array.from(rows.flat())
  for (const query of [
    [1, 1],
    [0, 0],
    [-1e-20, 5],
    [1e30, 1e-30],
    [1e-20, -1e-20],
    [3e38, -3e38],
  ]) {
    const asked = Float32Array.from(query)
    const expected = createPlainTopN(values, 2).search(asked, 8)
    expect(createTopN(values, 2).search(asked, 8)).toEqual(expected)
    expect(createTopN(values, 2).search(asked, 3).rows).toEqual(expected.rows.slice(0, 3))
  }
})

test('any small table and query: exact', () => {
  const single = fc.float({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 })
  const table = fc.integer({ min: 1, max: 5 }).chain((d) =>
    fc.record({
      d: fc.constant(d),
      rows: fc.array(fc.array(single, { minLength: d, maxLength: d }), {
        minLength: 1,
        maxLength: 40,
      }),
      query: fc.array(single, { minLength: d, maxLength: d }),
      limit: fc.integer({ min: 0, max: 12 }),
    }),
  )
  fc.assert(
    fc.property(table, ({ d, rows, query, limit }) => {
      const values = Float32Array.from(rows.flat())
      const asked = Float32Array.from(query)
      expect(createTopN(values, d).search(asked, limit)).toEqual(
        createPlainTopN(values, d).search(asked, limit),
      )
    }),
  )
})

test('few rows are multiplied out', () => {
  const [rows, d] = [27_278, 64]
  const values = gaussians(rows * d, 9)
  let asked = 0
  createTopN(values, d).search(gaussians(d, 10), 10, () => {
    asked += 1
    return true
  })
  expect(asked).toBeLessThan(1_500)
})

import { expect, test } from 'vitest'
import { createRandom } from './random.ts'
import { symmetricEigen } from './symmetric-eigen.ts'

/** Σ_k value · vector vectorᵀ, and vectors · vectorsᵀ. */
function checkAgainst(matrix: Float64Array, n: number): void {
  const before = matrix.slice()
  const { values, vectors } = symmetricEigen(matrix, n)
  expect(matrix).toEqual(before)
  const size = matrix.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let [sum, inner] = [0, 0]
      for (let k = 0; k < n; k++) {
        sum += values[k]! * vectors[k * n + i]! * vectors[k * n + j]!
        inner += vectors[i * n + k]! * vectors[j * n + k]!
      }
      expect(Math.abs(sum - matrix[i * n + j]!)).toBeLessThanOrEqual(1e-13 * n * size)
      expect(Math.abs(inner - (i === j ? 1 : 0))).toBeLessThan(1e-13 * n)
    }
  }
}

test.each([1, 2, 3, 8, 40, 65])('%i × %i: values and vectors make up the matrix', (n) => {
  const random = createRandom(n)
  const half = Float64Array.from({ length: n * n }, () => random.gaussian())
  const matrix = half.map((value, at) => value + half[(at % n) * n + Math.floor(at / n)]!)
  checkAgainst(matrix, n)
})

test('rank far below n, sizes over many decades, equal values, zeros', () => {
  const n = 24
  const random = createRandom(7)
  const rows = Array.from({ length: 5 }, (_, r) =>
    Array.from({ length: n }, () => 10 ** (3 - 3 * r) * random.gaussian()),
  )
  const sum = (i: number, j: number) => rows.reduce((all, row) => all + row[i]! * row[j]!, 0)
  checkAgainst(
    Float64Array.from({ length: n * n }, (_, at) => sum(Math.floor(at / n), at % n)),
    n,
  )
  checkAgainst(
    Float64Array.from({ length: n * n }, (_, at) => (at % (n + 1) === 0 ? 3 : 0)),
    n,
  )
  checkAgainst(new Float64Array(n * n).fill(2), n)
  checkAgainst(new Float64Array(n * n), n)
})

test('a matrix with NaN ends', () => {
  expect(symmetricEigen(new Float64Array(100).fill(Number.NaN), 10).values).toHaveLength(10)
})

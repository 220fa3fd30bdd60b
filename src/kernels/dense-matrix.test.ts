import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { createDenseMatrix, type DenseMatrix } from './dense-matrix.ts'
import { createReferenceMatrix } from './dense-reference.ts'
import { createWasmMatrix } from './dense-wasm.ts'
import { createRandom } from './random.ts'

function fill(matrix: DenseMatrix, seed: number): DenseMatrix {
  const random = createRandom(seed)
  for (let i = 0; i < matrix.values.length; i++) matrix.values[i] = random.gaussian()
  return matrix
}
const gaussians = (length: number, seed: number): Float64Array => {
  const random = createRandom(seed)
  return Float64Array.from({ length }, () => random.gaussian())
}

/** Everything a matrix computes over rows `from` to `to`, as bytes. */
function answers(matrix: DenseMatrix, from: number, to: number): string[] {
  const count = to - from
  const { columns } = matrix
  const product = new Float64Array(count)
  matrix.multiply(gaussians(columns, 1), product, from, to)
  const transposed = gaussians(columns, 2)
  matrix.addTransposed(gaussians(count, 3), transposed, from, to)
  const gram = gaussians(columns * columns, 4)
  matrix.addGram(gaussians(count, 5), gram, from, to)
  const centers = gaussians(5 * columns, 6)
  const index = new Int32Array(count)
  const distance = new Float64Array(count)
  matrix.nearest(centers, 5, index, distance, from, to)
  return [product, transposed, gram, index, distance].map((array) =>
    createHash('sha256').update(Buffer.from(array.buffer)).digest('hex'),
  )
}

test('the WebAssembly matrix is the one that runs', () => {
  expect(createDenseMatrix(10, 3).runs).toBe('wasm')
})

test('WebAssembly and TypeScript give the same bits, for every number of columns and across strips', () => {
  for (const [rows, columns] of [
    [1, 1],
    [7, 2],
    [20, 3],
    [20, 4],
    [20, 5],
    [50, 7],
    [50, 8],
    [33, 29],
    [8_192 * 2 + 3, 3],
    [10, 150],
  ] as const) {
    const fast = createWasmMatrix(rows, columns)
    if (!fast) throw new Error('dense.wasm is missing: run "npm run build"')
    fill(fast, columns)
    const plain = fill(createReferenceMatrix(rows, columns), columns)
    const from = rows > 2 ? 1 : 0
    expect(answers(fast, from, rows), `${rows} × ${columns}`).toEqual(answers(plain, from, rows))
  }
})

test('more centers than fit the memory go in groups, and the first of equally near ones wins', () => {
  const columns = 4
  const fast = createWasmMatrix(3, columns)
  if (!fast) throw new Error('dense.wasm is missing: run "npm run build"')
  fast.values.set([1, 1, 1, 1, 5, 5, 5, 5, 9, 9, 9, 9])
  const count = 5_000
  const centers = new Float64Array(count * columns).fill(100)
  centers.fill(5, 10 * columns, 11 * columns)
  centers.fill(5, 4_000 * columns, 4_001 * columns)
  centers.fill(1, 4_999 * columns)
  const index = new Int32Array(3)
  const distance = new Float64Array(3)
  fast.nearest(centers, count, index, distance, 0, 3)
  expect([...index]).toEqual([4_999, 10, 10])
  expect([...distance]).toEqual([0, 0, 64])
})

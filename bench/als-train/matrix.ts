/**
 * A made-up matrix of the shape of MovieLens 20M with ratings of at least 4: 136,677 users, 20,108 items, 9,990,682 entries,
 * activity and popularity by heavy tails. The same seed gives the same matrix.
 */
import { createRandom } from '../../src/kernels/index.ts'

export interface Matrix {
  readonly rows: number
  readonly columns: number
  /** rows + 1. */
  readonly start: Int32Array
  /** One per entry, ascending within a row. */
  readonly column: Int32Array
  readonly value: Float32Array
}

export interface MatrixShape {
  readonly rows: number
  readonly columns: number
  readonly entries: number
}

export const ML_20M: MatrixShape = { rows: 136_677, columns: 20_108, entries: 9_990_682 }

export function makeMatrix(shape: MatrixShape, seed: number): Matrix {
  const random = createRandom(seed)
  const counts = activity(shape, () => random.gaussian())
  const start = new Int32Array(shape.rows + 1)
  for (let u = 0; u < shape.rows; u++) start[u + 1] = start[u]! + counts[u]!
  const column = new Int32Array(start[shape.rows]!)
  const cumulative = popularity(shape.columns)
  const takenBy = new Int32Array(shape.columns).fill(-1)
  for (let u = 0; u < shape.rows; u++) {
    let at = start[u]!
    while (at < start[u + 1]!) {
      const item = search(cumulative, random.uniform())
      if (takenBy[item] === u) continue
      takenBy[item] = u
      column[at] = item
      at += 1
    }
    column.subarray(start[u], start[u + 1]).sort()
  }
  const value = new Float32Array(column.length).fill(1)
  return { rows: shape.rows, columns: shape.columns, start, column, value }
}

/** Entries per row: log-normal, scaled so that they sum to `entries`, at least 1, at most an eighth of the columns. */
function activity({ rows, columns, entries }: MatrixShape, gaussian: () => number): Int32Array {
  const raw = Float64Array.from({ length: rows }, () => Math.exp(1.1 * gaussian()))
  const most = Math.floor(columns / 8)
  let scale = entries / raw.reduce((sum, x) => sum + x, 0)
  let counts = new Int32Array(rows)
  for (let round = 0; round < 20; round++) {
    counts = Int32Array.from(raw, (x) => Math.min(most, Math.max(1, Math.round(x * scale))))
    scale *= entries / counts.reduce((sum, x) => sum + x, 0)
  }
  for (let u = 0, left = entries - counts.reduce((sum, x) => sum + x, 0); left !== 0; u++) {
    const step = Math.sign(left)
    const next = counts[u % rows]! + step
    if (next < 1 || next > most) continue
    counts[u % rows] = next
    left -= step
  }
  return counts
}

/** Cumulative shares of items by rank: (rank + 50)^−1.2. */
function popularity(columns: number): Float64Array {
  const cumulative = new Float64Array(columns)
  let sum = 0
  for (let i = 0; i < columns; i++) {
    sum += (i + 50) ** -1.2
    cumulative[i] = sum
  }
  return cumulative.map((x) => x / sum)
}

function search(cumulative: Float64Array, x: number): number {
  let [low, high] = [0, cumulative.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if (cumulative[middle]! <= x) low = middle + 1
    else high = middle
  }
  return low
}

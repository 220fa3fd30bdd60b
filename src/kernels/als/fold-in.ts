/**
 * One row of an ALS in double precision, in closed form: what folds a history into a trained model, and what the
 * WebAssembly kernels are compared with. For the symbols see `als.ts`.
 */
import { choleskyFactor, choleskySolve } from '../cholesky.ts'

/** Factors of one side, row-major; `stride` singles from row to row, `factors` of them used. */
export interface FactorTable {
  readonly values: Float32Array
  readonly factors: number
  readonly stride: number
}

/** YᵀY in double precision: factors × factors, both triangles. O(rows · factors²). */
export function gramOf(table: FactorTable): Float64Array {
  const { values, factors: d, stride } = table
  const gram = new Float64Array(d * d)
  const rows = Math.floor((values.length - d) / stride) + 1
  addToGram(gram, table, Array(Math.max(0, rows)).keys(), 1)
  return gram
}

/** gram += weight Σ y yᵀ over these rows of the table. `gram`: factors × factors, both triangles. */
export function addToGram(
  gram: Float64Array,
  { values, factors: d, stride }: FactorTable,
  rows: Iterable<number>,
  weight: number,
): void {
  for (const row of rows) {
    const y = row * stride
    for (let i = 0; i < d; i++) {
      const scale = weight * values[y + i]!
      const line = i * d
      for (let j = 0; j <= i; j++) gram[line + j]! += scale * values[y + j]!
    }
  }
  for (let i = 0; i < d; i++) for (let j = 0; j < i; j++) gram[j * d + i] = gram[i * d + j]!
}

/** The entries of one row. */
export interface RowEntries {
  /** Row of the factor table, per entry. */
  readonly column: ArrayLike<number>
  /** a, weight of the square, ≥ 0. */
  readonly square: ArrayLike<number>
  /** b. */
  readonly target: ArrayLike<number>
}

export interface RowSystem {
  /** The lower triangle of the Cholesky factor of g YᵀY + p I + Σ a y yᵀ; undefined when there is no unique solution. */
  readonly factor: Float64Array | undefined
  /** Σ b y. */
  readonly right: Float64Array
}

/** `gram`: g YᵀY, lower triangle, not changed. O(entries · factors² + factors³ / 3). */
export function rowSystem(
  table: FactorTable,
  gram: Float64Array,
  penalty: number,
  { column, square, target }: RowEntries,
): RowSystem {
  const { values, factors: d, stride } = table
  const matrix = gram.slice()
  const right = new Float64Array(d)
  for (let e = 0; e < column.length; e++) {
    const y = column[e]! * stride
    for (let i = 0; i < d; i++) {
      right[i]! += target[e]! * values[y + i]!
      const scale = square[e]! * values[y + i]!
      const line = i * d
      for (let j = 0; j <= i; j++) matrix[line + j]! += scale * values[y + j]!
    }
  }
  for (let i = 0; i < d; i++) matrix[i * d + i]! += penalty
  return { factor: choleskyFactor(matrix, d) >= 0 ? undefined : matrix, right }
}

/** The solution; zeros when there is no unique one, or the row has no entry. */
export function foldIn(
  table: FactorTable,
  gram: Float64Array,
  penalty: number,
  entries: RowEntries,
): Float64Array {
  if (entries.column.length === 0) return new Float64Array(table.factors)
  const { factor, right } = rowSystem(table, gram, penalty, entries)
  if (factor === undefined) return right.fill(0)
  choleskySolve(factor, table.factors, right)
  return right
}

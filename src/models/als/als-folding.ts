/**
 * Taking in what came after the training, in closed form and double precision: the factors of a history (or of an item's
 * audience) are the exact minimum for fixed factors of the other side, from the whole history. With A the matrix of the
 * system, x = A⁻¹ Σ_j c_j y_j, so the score of an item i, of the model or folded in, is a sum over the history,
 *
 *   x · y_i = Σ_j c_j y_jᵀ A⁻¹ y_i,
 *
 * which is what `because` answers (Hu, Koren and Volinsky, "Collaborative filtering for implicit feedback datasets",
 * ICDM 2008, section 5).
 */
import { choleskySolve, foldIn, rowSystem, type FactorTable } from '../../kernels/index.ts'
import type { AlsParams } from './als-params.ts'
import { confidenceOf, penaltyOf } from './als-solver.ts'

/** One side that histories are folded against. */
export interface FoldingSide {
  readonly table: FactorTable
  /** Rows of the table: m of the penalty. */
  readonly size: number
  /** α₀ YᵀY, d × d. */
  readonly gram: Float64Array
}

/** Rows of the side, and the value of each interaction. */
export interface Entries {
  readonly column: ArrayLike<number>
  readonly value: ArrayLike<number>
}

export function foldEntries(side: FoldingSide, entries: Entries, params: AlsParams): Float64Array {
  return foldIn(side.table, side.gram, ...systemOf(side, entries, params))
}

/** What each entry adds to the product with `of`, d numbers, in the order of the entries. */
export function contributionsOf(
  side: FoldingSide,
  entries: Entries,
  params: AlsParams,
  of: Float32Array,
): Float64Array {
  const { values, factors: d, stride } = side.table
  const parts = new Float64Array(entries.column.length)
  if (parts.length === 0) return parts
  const [penalty, row] = systemOf(side, entries, params)
  const { factor } = rowSystem(side.table, side.gram, penalty, row)
  if (factor === undefined) return parts
  const solved = Float64Array.from(of)
  choleskySolve(factor, d, solved)
  return parts.map((_, at) => {
    const y = entries.column[at]! * stride
    let sum = 0
    for (let f = 0; f < d; f++) sum += values[y + f]! * solved[f]!
    return row.target[at]! * sum
  })
}

function systemOf(side: FoldingSide, { column, value }: Entries, params: AlsParams) {
  const weight = Float64Array.from(value, (r) => Math.fround(confidenceOf(r, params)))
  const penalty = Math.fround(penaltyOf(column.length, side.size, params))
  return [penalty, { column, square: weight, target: weight }] as const
}

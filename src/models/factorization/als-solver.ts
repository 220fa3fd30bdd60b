/**
 * Explicit alternating least squares on a sparse matrix (Zhou, Wilkinson, Schreiber and Pan, "Large-scale parallel
 * collaborative filtering for the Netflix prize", AAIM 2008, section 3.1, with its penalty by the number of entries). With
 * r_ui the entries, v_ui their weights, x_u and y_i vectors of d factors, n_u and n_i the summed weights of a row and column:
 *
 *   minimize  Σ_ui v_ui (r_ui − x_u · y_i)²  +  λ (Σ_u n_u ‖x_u‖² + Σ_i n_i ‖y_i‖²)
 *
 * by turns; for fixed y each x_u is the exact minimum, the solution of a d × d system (by Cholesky):
 *
 *   (Σ_i v_ui y_i y_iᵀ + λ n_u I) x_u = Σ_i v_ui r_ui y_i
 *
 * Cost of an iteration: entries · d² + (rows + columns) · d³ / 3. Knows nothing of users, ratings or datasets.
 */
import { choleskyFactor, choleskySolve } from '../../kernels/index.ts'
import type { Pacer } from '../pacer.ts'

/** Compressed sparse rows. The entries of row u are `start[u]` to `start[u + 1]`, ascending by column. */
export interface SparseRows {
  readonly rows: number
  readonly columns: number
  /** rows + 1. */
  readonly start: Int32Array
  /** One per entry: column, value, weight > 0. */
  readonly column: Int32Array
  readonly value: Float64Array
  readonly weight: Float64Array
}

/** Entries as they come: one row, column, value and weight each. */
export interface Entries {
  readonly row: Int32Array
  readonly column: Int32Array
  readonly value: Float64Array
  readonly weight: Float64Array
}

/** A counting sort; entries of one row keep their order. O(entries + rows). */
export function compressRows(entries: Entries, rows: number, columns: number): SparseRows {
  const { row, column, value, weight } = entries
  const start = new Int32Array(rows + 1)
  for (const u of row) start[u + 1] = start[u + 1]! + 1
  for (let u = 0; u < rows; u++) start[u + 1] = start[u + 1]! + start[u]!
  const next = start.slice(0, rows)
  const sorted = {
    column: new Int32Array(row.length),
    value: new Float64Array(row.length),
    weight: new Float64Array(row.length),
  }
  for (let entry = 0; entry < row.length; entry++) {
    const u = row[entry]!
    const at = next[u]!
    next[u] = at + 1
    sorted.column[at] = column[entry]!
    sorted.value[at] = value[entry]!
    sorted.weight[at] = weight[entry]!
  }
  return { rows, columns, start, ...sorted }
}

export interface AlsOptions {
  /** d ≥ 1. */
  readonly factors: number
  /** λ ≥ 0. */
  readonly regularization: number
}

/**
 * One turn: writes the best `x` (rows × d) for fixed `y` (columns × d). A row without entries gets zeros; so does one whose
 * system has no unique solution in doubles (only without a penalty).
 */
export async function solveRows(
  matrix: SparseRows,
  x: Float64Array,
  y: Float64Array,
  options: AlsOptions,
  pacer: Pacer,
): Promise<void> {
  const { factors: d, regularization } = options
  const gram = new Float64Array(d * d)
  for (let u = 0; u < matrix.rows; u++) {
    const target = x.subarray(u * d, (u + 1) * d)
    target.fill(0)
    const from = matrix.start[u]!
    const to = matrix.start[u + 1]!
    if (from === to) continue
    gram.fill(0)
    const weights = await addEntries(matrix, y, gram, target, { d, from, to }, pacer)
    for (let i = 0; i < d; i++) gram[i * d + i] = gram[i * d + i]! + regularization * weights
    if (choleskyFactor(gram, d) >= 0) target.fill(0)
    else choleskySolve(gram, d, target)
    if (pacer.due((d * d * d) / 3)) await pacer.rest()
  }
}

/**
 * Adds Σ v y yᵀ (lower triangle) and Σ v r y over the entries of a row; returns Σ v. Four entries at a time, so that the
 * triangle is read and written a quarter as often.
 */
async function addEntries(
  matrix: SparseRows,
  y: Float64Array,
  gram: Float64Array,
  right: Float64Array,
  { d, from, to }: { readonly d: number; readonly from: number; readonly to: number },
  pacer: Pacer,
): Promise<number> {
  const { column, value, weight } = matrix
  let weights = 0
  let entry = from
  for (; entry + 4 <= to; entry += 4) {
    const [a, b] = [column[entry]! * d, column[entry + 1]! * d]
    const [c, e] = [column[entry + 2]! * d, column[entry + 3]! * d]
    const [va, vb, vc, ve] = weight.subarray(entry, entry + 4) as unknown as FourNumbers
    const [ra, rb, rc, re] = value.subarray(entry, entry + 4) as unknown as FourNumbers
    weights += va + vb + vc + ve
    for (let i = 0; i < d; i++) {
      const [sa, sb] = [va * y[a + i]!, vb * y[b + i]!]
      const [sc, se] = [vc * y[c + i]!, ve * y[e + i]!]
      right[i] = right[i]! + (sa * ra + sb * rb + sc * rc + se * re)
      const line = i * d
      for (let j = 0; j <= i; j++) {
        const sum = sa * y[a + j]! + sb * y[b + j]! + sc * y[c + j]! + se * y[e + j]!
        gram[line + j] = gram[line + j]! + sum
      }
    }
    if (pacer.due(2 * d * d)) await pacer.rest()
  }
  for (; entry < to; entry++) {
    const at = column[entry]! * d
    const v = weight[entry]!
    weights += v
    for (let i = 0; i < d; i++) {
      const scaled = v * y[at + i]!
      right[i] = right[i]! + scaled * value[entry]!
      const line = i * d
      for (let j = 0; j <= i; j++) gram[line + j] = gram[line + j]! + scaled * y[at + j]!
    }
  }
  return weights
}

type FourNumbers = readonly [number, number, number, number]

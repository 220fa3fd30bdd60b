/**
 * The half-step of `als.ts` in plain TypeScript and double precision, one thread: what the WebAssembly kernels must equal
 * up to single precision, and how to read them.
 */
import { choleskyFactor, choleskySolve } from '../cholesky.ts'
import type { HalfStep, Linear, Side } from './als.ts'
import { foldIn, gramOf, type FactorTable, type RowEntries } from './fold-in.ts'
import { transpose, type SparseMatrix } from './sparse-matrix.ts'

/** Both tables are rows × stride and columns × stride; the one of `step.side` is changed. */
export function solveReference(
  matrix: SparseMatrix,
  tables: { readonly rows: FactorTable; readonly columns: FactorTable },
  step: HalfStep,
): void {
  const sided = step.side === 'rows' ? matrix : transpose(matrix)
  const target = tables[step.side]
  const source = tables[step.side === 'rows' ? 'columns' : 'rows']
  const gram = gramOf(source).map((sum) => step.gramWeight * sum)
  for (let u = 0; u < sided.rows; u++) {
    const [from, to] = [sided.start[u]!, sided.start[u + 1]!]
    const values = sided.value.subarray(from, to)
    const weights = sided.weight?.subarray(from, to)
    const linear = ({ scale, shift }: Linear) =>
      Array.from(values, (value, e) => (scale * value + shift) * (weights?.[e] ?? 1))
    const entries: RowEntries = {
      column: sided.column.subarray(from, to),
      square: linear(step.square),
      target: linear(step.target),
    }
    const x = target.values.subarray(u * target.stride, u * target.stride + target.factors)
    const penalty = step.penalty[u]!
    const start = { x, steps: step.method === 'cholesky' ? 0 : step.method.gradientSteps }
    if (step.method === 'cholesky') x.set(foldIn(source, gram, penalty, entries))
    else if (to === from) x.fill(0)
    else x.set(gradientSteps(start, source, gram, penalty, entries))
  }
}

const dot = (a: Float64Array, b: Float64Array): number =>
  a.reduce((sum, value, i) => sum + value * b[i]!, 0)

/** Preconditioned by (g YᵀY + p I)⁻¹, where there is one. */
function gradientSteps(
  { x: start, steps }: { readonly x: Float32Array; readonly steps: number },
  { values, factors: d, stride }: FactorTable,
  gram: Float64Array,
  penalty: number,
  { column, square, target }: RowEntries,
): Float64Array {
  /** out = (g YᵀY + p I) v + Σ weight(e, y_e · v) y_e. */
  const apply = (v: Float64Array, weight: (e: number, product: number) => number) => {
    const out = v.map((value, i) => {
      let sum = penalty * value
      for (let j = 0; j < d; j++) sum += gram[i * d + j]! * v[j]!
      return sum
    })
    for (let e = 0; e < column.length; e++) {
      const y = column[e]! * stride
      let product = 0
      for (let i = 0; i < d; i++) product += values[y + i]! * v[i]!
      const w = weight(e, product)
      for (let i = 0; i < d; i++) out[i]! += w * values[y + i]!
    }
    return out
  }
  const factor = gram.map((value, at) => (at % (d + 1) === 0 ? value + penalty : value))
  const isRegular = choleskyFactor(factor, d) === -1
  const condition = (v: Float64Array): Float64Array => {
    const solved = v.slice()
    if (isRegular) choleskySolve(factor, d, solved)
    return solved
  }
  const x = Float64Array.from(start)
  const r = apply(x, (e, product) => square[e]! * product - target[e]!).map((value) => -value)
  let p = condition(r)
  let old = dot(r, p)
  for (let step = 0; step < steps && old > 1e-20; step++) {
    const ap = apply(p, (e, product) => square[e]! * product)
    const alpha = old / dot(p, ap)
    for (let i = 0; i < d; i++) {
      x[i]! += alpha * p[i]!
      r[i]! -= alpha * ap[i]!
    }
    const z = condition(r)
    const now = dot(r, z)
    p = p.map((value, i) => z[i]! + (now / old) * value)
    old = now
  }
  return x
}

/** What a run of half-steps makes smaller, with p the penalties of both sides: for tests and measurements. */
export interface Objective {
  readonly gramWeight: number
  readonly square: Linear
  readonly target: Linear
  readonly penalty: Readonly<Record<Side, ArrayLike<number>>>
}

/**
 * Σ_e (a_e s_e² − 2 b_e s_e + b_e) + g Σ s² over every pair + Σ_u p_u ‖x_u‖² + Σ_i p_i ‖y_i‖², with s the products x · y. For
 * implicit feedback of confidence c (a = c − 1, b = c, g = 1) this is Σ c (1 − s)² over the entries + Σ s² over the other
 * pairs + penalties.
 */
export function lossOf(
  matrix: SparseMatrix,
  tables: Readonly<Record<Side, FactorTable>>,
  { gramWeight, square, target, penalty }: Objective,
): number {
  const { rows, columns } = tables
  const d = rows.factors
  const [ofRows, ofColumns] = [gramOf(rows), gramOf(columns)]
  let loss = gramWeight * ofRows.reduce((sum, value, at) => sum + value * ofColumns[at]!, 0)
  for (let u = 0; u < matrix.rows; u++) {
    for (let e = matrix.start[u]!; e < matrix.start[u + 1]!; e++) {
      const y = matrix.column[e]! * columns.stride
      let s = 0
      for (let f = 0; f < d; f++) s += rows.values[u * rows.stride + f]! * columns.values[y + f]!
      const a = square.scale * matrix.value[e]! + square.shift
      const b = target.scale * matrix.value[e]! + target.shift
      loss += (a * s * s - 2 * b * s + b) * (matrix.weight?.[e] ?? 1)
    }
  }
  for (const side of ['rows', 'columns'] as const) {
    const { values, stride } = tables[side]
    for (const [at, value] of values.entries()) {
      loss += penalty[side][Math.floor(at / stride)]! * value * value
    }
  }
  return loss
}

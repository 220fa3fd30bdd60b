/**
 * The mathematics of biased matrix factorization (Koren, Bell and Volinsky, "Matrix factorization techniques for recommender
 * systems", IEEE Computer 42(8), 2009, equation 4), in two steps: the bias model first (`bias/bias-solver.ts`), then
 * factors of what it leaves, e_ui = y − μ − b_u − b_i, by alternating least squares (Zhou, Wilkinson, Schreiber and Pan,
 * "Large-scale parallel collaborative filtering for the Netflix prize", AAIM 2008, section 3.1, with its penalty by the
 * number of entries). With v_ui the weights of rows, and n_u and n_i their sums by user and item:
 *
 *   ŷ = μ + b_u + b_i + x_u · y_i
 *   minimize  Σ_ui v_ui (e_ui − x_u · y_i)²  +  λ (Σ_u n_u ‖x_u‖² + Σ_i n_i ‖y_i‖²)
 *
 * by turns; for fixed y each x_u is the exact minimum (`kernels/als`, which is in single precision, so it is given e_ui in
 * units of their spread σ, weights in units of their mean, and λ / σ: the same minimum, with factors smaller by √σ).
 */
import { availableParallelism } from 'node:os'
import {
  compressRows,
  createRandom,
  openAls,
  type Side,
  type SparseMatrix,
} from '../../kernels/index.ts'
import { fitBias } from '../bias/bias-solver.ts'
import { canonicalCategories, rowWeights } from '../dataset.ts'
import { modelError } from '../errors.ts'
import type { LinearModel } from '../linear-model.ts'
import type { CategoryColumn, Dataset, FitContext } from '../model.ts'
import type { FactorizationParams, FactorModel } from './factorization.ts'

/** Bias first: what its last moves are below does not show in the factors. */
const BIAS_ROUNDS = { maxIterations: 15, tolerance: 1e-4, dampingBy: {} }
/** Spread of the first factors, times 1 / √d: small, so that the first turn decides; zeros would stay zeros. */
const START_SPREAD = 0.1

/**
 * Throws MODEL_TOO_FEW_ROWS, MODEL_INVALID_DATA (also when it is not clear which two categories are meant), KERNEL_TOO_LARGE,
 * KERNEL_MISSING; rejects with KERNEL_THREAD_LOST.
 */
export async function fitFactorization(
  data: Dataset,
  params: FactorizationParams,
  context: FitContext,
): Promise<FactorModel> {
  const pair = data.matrix.rows === 0 ? data.categories : choosePair(data.categories, params.pair)
  const chosen: Dataset = { ...data, categories: pair }
  const { signal, progress } = context
  const bias = await fitBias(
    chosen,
    { ...BIAS_ROUNDS, damping: params.damping },
    { ...context, progress: (done) => progress?.(done * BIAS_SHARE) },
  )
  signal?.throwIfAborted()
  const residuals = residualsOf(chosen, bias)
  const sides = await fitFactors(residuals, params, {
    ...context,
    progress: (done) => progress?.(BIAS_SHARE + done * (1 - BIAS_SHARE)),
  })
  return { bias, factors: params.factors, sides }
}

/** Of the time of a fit, roughly. */
const BIAS_SHARE = 0.2

function choosePair(
  categories: readonly CategoryColumn[],
  names: readonly string[],
): readonly CategoryColumn[] {
  const wanted = new Set(names)
  const pair = wanted.size === 0 ? categories : categories.filter(({ name }) => wanted.has(name))
  if (pair.length === 2) return pair
  const given = categories.map(({ name }) => name).join(', ') || 'none'
  throw modelError(
    'MODEL_INVALID_DATA',
    `factorization learns from two categories, here are: ${given}; declare two, or name them, for example pair: ["userId", "movieId"]`,
  )
}

/** What the bias model leaves of every row whose two levels are known. */
interface Residuals {
  readonly matrix: SparseMatrix
  /** σ ≥ 0, by which the values were divided (unless it is 0). */
  readonly spread: number
}

function residualsOf(data: Dataset, { intercept, categories }: LinearModel): Residuals {
  const label = data.label!
  const weight = rowWeights(data)
  const [users, items] = canonicalCategories(data.categories) as [CategoryColumn, CategoryColumn]
  const [ofUser, ofItem] = categories.map(({ weights }) => weights)
  const row = new Int32Array(label.length)
  const column = new Int32Array(label.length)
  const residual = new Float64Array(label.length)
  const weights = new Float64Array(label.length)
  let count = 0
  for (let r = 0; r < label.length; r++) {
    const [u, i] = [users.codes[r]!, items.codes[r]!]
    if (u < 0 || i < 0) continue
    row[count] = u
    column[count] = i
    residual[count] = label[r]! - intercept - ofUser![u]! - ofItem![i]!
    weights[count] = weight[r]!
    count += 1
  }
  const known = residual.subarray(0, count)
  const spread = spreadOf(known)
  const meanWeight = weights.reduce((sum, v) => sum + v / count, 0)
  const entries = {
    row: row.subarray(0, count),
    column: column.subarray(0, count),
    value: Float32Array.from(known, (e) => (spread > 0 ? e / spread : 0)),
    weight: data.weight && Float32Array.from(weights.subarray(0, count), (v) => v / meanWeight),
  }
  return { matrix: compressRows(entries, users.levels.length, items.levels.length), spread }
}

/** Root of the mean square; scaled, so that squares stay finite. */
function spreadOf(values: Float64Array): number {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  if (largest === 0) return 0
  const squares = values.reduce((sum, value) => sum + (value / largest) ** 2, 0)
  return largest * Math.sqrt(squares / values.length)
}

async function fitFactors(
  { matrix, spread }: Residuals,
  { factors, regularization, iterations }: FactorizationParams,
  context: FitContext,
): Promise<FactorModel['sides']> {
  const { signal } = context
  const als = openAls(matrix, { factors, threads: availableParallelism(), signal })
  try {
    const random = createRandom(context.seed)
    const scale = START_SPREAD / Math.sqrt(factors)
    als.write(
      'columns',
      Float32Array.from({ length: matrix.columns * factors }, () => scale * random.gaussian()),
    )
    const penalties = penaltiesOf(matrix, spread > 0 ? regularization / spread : 0)
    for (let half = 0; half < 2 * iterations; half++) {
      const side: Side = half % 2 === 0 ? 'rows' : 'columns'
      await als.solve({
        side,
        gramWeight: 0,
        square: { scale: 0, shift: 1 },
        target: { scale: 1, shift: 0 },
        penalty: penalties[side],
        method: 'cholesky',
      })
      context.progress?.((half + 1) / (2 * iterations))
    }
    return [inUnits(als.read('rows'), spread), inUnits(als.read('columns'), spread)]
  } finally {
    await als.close()
  }
}

/** λ n of every user and item. */
function penaltiesOf(matrix: SparseMatrix, lambda: number): Record<Side, Float64Array> {
  const rows = new Float64Array(matrix.rows)
  const columns = new Float64Array(matrix.columns)
  for (let u = 0; u < matrix.rows; u++) {
    for (let e = matrix.start[u]!; e < matrix.start[u + 1]!; e++) {
      const penalty = lambda * (matrix.weight?.[e] ?? 1)
      rows[u]! += penalty
      columns[matrix.column[e]!]! += penalty
    }
  }
  return { rows, columns }
}

/** Times √σ, so that products are in units of the label; what is beyond single precision is cut off. */
function inUnits(values: Float32Array, spread: number): Float32Array {
  const MAX = 3.4e38
  const root = Math.sqrt(spread)
  return values.map((value) => Math.max(-MAX, Math.min(MAX, value * root)))
}

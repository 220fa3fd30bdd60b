/**
 * The mathematics of biased matrix factorization (Koren, Bell and Volinsky, "Matrix factorization techniques for recommender
 * systems", IEEE Computer 42(8), 2009, equation 4), in two steps: the bias model first (`bias/bias-solver.ts`), then
 * factors of what it leaves, by alternating least squares (`als-solver.ts`):
 *
 *   ŷ = μ + b_u + b_i + x_u · y_i
 */
import { createRandom } from '../../kernels/index.ts'
import { fitBias } from '../bias/bias-solver.ts'
import { canonicalCategories, rowWeights } from '../dataset.ts'
import { modelError } from '../errors.ts'
import type { LinearModel } from '../linear-model.ts'
import type { CategoryColumn, Dataset, FitContext } from '../model.ts'
import { createPacer } from '../pacer.ts'
import { compressRows, solveRows, type Entries } from './als-solver.ts'
import type { FactorizationParams, FactorModel } from './factorization.ts'

/** Bias first: what its last moves are below does not show in the factors. */
const BIAS_ROUNDS = { maxIterations: 50, tolerance: 1e-6, dampingBy: {} }

/** Throws MODEL_TOO_FEW_ROWS, MODEL_INVALID_DATA (also when it is not clear which two categories are meant). */
export async function fitFactorization(
  data: Dataset,
  params: FactorizationParams,
  context: FitContext,
): Promise<FactorModel> {
  const { damping, factors: d } = params
  const pair = data.matrix.rows === 0 ? data.categories : choosePair(data.categories, params.pair)
  const chosen: Dataset = { ...data, categories: pair }
  const bias = await fitBias(chosen, { ...BIAS_ROUNDS, damping }, context)
  const pacer = createPacer(context)
  const [users, items] = canonicalCategories(pair) as [CategoryColumn, CategoryColumn]
  await pacer.rest()
  const entries = residualEntries(chosen, bias, [users, items])
  await pacer.rest()
  const byUser = compressRows(entries, users.levels.length, items.levels.length)
  const turned = { ...entries, row: entries.column, column: entries.row }
  const byItem = compressRows(turned, items.levels.length, users.levels.length)
  await pacer.rest()
  const x = new Float64Array(users.levels.length * d)
  const random = createRandom(context.seed)
  // Small, so that the first turn decides; zeros would stay zeros.
  const y = Float64Array.from({ length: items.levels.length * d }, () => {
    return (0.1 / Math.sqrt(d)) * random.gaussian()
  })
  for (let iteration = 1; iteration <= params.iterations; iteration++) {
    await solveRows(byUser, x, y, params, pacer)
    await solveRows(byItem, y, x, params, pacer)
    pacer.progress(iteration / params.iterations)
  }
  return { bias, factors: d, sides: [toSingles(x), toSingles(y)] }
}

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
function residualEntries(
  data: Dataset,
  { intercept, categories }: LinearModel,
  [users, items]: readonly [CategoryColumn, CategoryColumn],
): Entries {
  const label = data.label!
  const weight = rowWeights(data)
  const [ofUser, ofItem] = categories.map(({ weights }) => weights)
  const row = new Int32Array(label.length)
  const column = new Int32Array(label.length)
  const value = new Float64Array(label.length)
  const weights = new Float64Array(label.length)
  let count = 0
  for (let r = 0; r < label.length; r++) {
    const [u, i] = [users.codes[r]!, items.codes[r]!]
    if (u < 0 || i < 0) continue
    row[count] = u
    column[count] = i
    value[count] = label[r]! - intercept - ofUser![u]! - ofItem![i]!
    weights[count] = weight[r]!
    count += 1
  }
  return {
    row: row.subarray(0, count),
    column: column.subarray(0, count),
    value: value.subarray(0, count),
    weight: weights.subarray(0, count),
  }
}

/** Single precision, which prediction reads; what is beyond its range is cut off. */
function toSingles(values: Float64Array): Float32Array {
  const MAX = 3.4e38
  return Float32Array.from(values, (value) => Math.max(-MAX, Math.min(MAX, value)))
}

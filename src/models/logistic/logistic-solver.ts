/**
 * The mathematics of penalized logistic regression (Hastie, Tibshirani and Friedman, The Elements of Statistical Learning,
 * 2nd ed., 4.4.1 and 4.4.4). With s_r = b + β·z_r + Σ_c w_c[level of r], y_r ∈ {0, 1} and row weights v_r, W = Σ v_r:
 *
 *   minimize  (1/W) Σ_r v_r · (log(1 + e^{s_r}) − y_r s_r)  +  (λ / 2W) (‖β‖² + Σ_c ‖w_c‖²)
 *
 * Convex; strictly so for λ > 0. Each evaluation reads the standardized matrix twice: once for the scores, once for the
 * gradient.
 */
import { minimize, type DenseMatrix } from '../../kernels/index.ts'
import { keptLevels } from '../category-levels.ts'
import { canonicalCategories, checkBothClasses, checkDataset, rowWeights } from '../dataset.ts'
import type { LinearModel } from '../linear-model.ts'
import { sigmoid, softplus } from '../log-odds.ts'
import type { CategoryColumn, Dataset, FitContext } from '../model.ts'
import { createPacer, stripRows, type Pacer } from '../pacer.ts'
import { fitStandardizer, standardizedCopy } from '../standardizer.ts'
import type { LogisticParams } from './logistic.ts'

interface Problem {
  readonly matrix: DenseMatrix
  readonly categories: readonly CategoryColumn[]
  /** Where each category's weights begin in the vector of unknowns: [intercept, β, w_1, w_2, …]. */
  readonly offsets: readonly number[]
  readonly label: Float64Array
  readonly weight: Float64Array
  readonly weightSum: number
  readonly regularization: number
}

/** Throws MODEL_TOO_FEW_ROWS, MODEL_INVALID_DATA (also for one class only). */
export async function fitLogistic(
  data: Dataset,
  params: LogisticParams,
  context: FitContext,
): Promise<LinearModel> {
  checkDataset(data, 'class')
  const pacer = createPacer(context)
  const label = data.label!
  checkBothClasses(label)
  const standardizer = await fitStandardizer(data.matrix, pacer)
  const matrix = await standardizedCopy(standardizer, data.matrix, pacer)
  const categories = canonicalCategories(data.categories)
  const weight = rowWeights(data)
  const offsets: number[] = []
  let size = 1 + matrix.columns
  for (const { levels } of categories) {
    offsets.push(size)
    size += levels.length
  }
  const problem: Problem = {
    matrix,
    categories,
    offsets,
    label,
    weight,
    weightSum: weight.reduce((sum, value) => sum + value, 0),
    regularization: params.regularization,
  }
  const unknowns = new Float64Array(size)
  const scratch = new Float64Array(stripRows(matrix.columns))
  await minimize((at, gradient) => evaluate(problem, at, gradient, scratch, pacer), unknowns, {
    maxIterations: params.maxIterations,
    tolerance: params.tolerance,
    signal: context.signal,
    onIteration: (iteration) => pacer.progress(iteration / params.maxIterations),
  })
  pacer.progress(1)
  return {
    standardizer,
    intercept: unknowns[0]!,
    coefficients: unknowns.slice(1, 1 + matrix.columns),
    categories: categories.map((category, c) => ({
      ...keptLevels(category),
      weights: unknowns.slice(offsets[c], offsets[c]! + category.levels.length),
    })),
  }
}

/** Value and gradient of the objective, strip by strip of rows. */
async function evaluate(
  problem: Problem,
  at: Float64Array,
  gradient: Float64Array,
  scratch: Float64Array,
  pacer: Pacer,
): Promise<number> {
  const { matrix, weightSum, regularization } = problem
  const coefficients = at.subarray(1, 1 + matrix.columns)
  const slope = gradient.subarray(1, 1 + matrix.columns)
  gradient.fill(0)
  let loss = 0
  for (let from = 0; from < matrix.rows; from += scratch.length) {
    const to = Math.min(matrix.rows, from + scratch.length)
    const strip = scratch.subarray(0, to - from)
    matrix.multiply(coefficients, strip, from, to)
    loss += scoresToErrors(problem, at, gradient, strip, from)
    matrix.addTransposed(strip, slope, from, to)
    if (pacer.due(strip.length * (2 * matrix.columns + 40))) await pacer.rest()
  }
  let penalty = 0
  for (let i = 0; i < at.length; i++) {
    const value = i === 0 ? 0 : at[i]!
    penalty += value * value
    gradient[i] = (gradient[i]! + regularization * value) / weightSum
  }
  return (loss + (regularization / 2) * penalty) / weightSum
}

/** Turns β·z of a strip into v (p − y), adds that to the gradient of intercept and levels, and returns the loss. */
function scoresToErrors(
  problem: Problem,
  at: Float64Array,
  gradient: Float64Array,
  strip: Float64Array,
  from: number,
): number {
  const { categories, offsets, label, weight } = problem
  let loss = 0
  for (let i = 0; i < strip.length; i++) {
    const row = from + i
    let score = at[0]! + strip[i]!
    for (let c = 0; c < categories.length; c++) {
      const code = categories[c]!.codes[row]!
      if (code >= 0) score += at[offsets[c]! + code]!
    }
    const y = label[row]!
    const v = weight[row]!
    loss += v * (softplus(score) - y * score)
    const error = v * (sigmoid(score) - y)
    gradient[0] = gradient[0]! + error
    for (let c = 0; c < categories.length; c++) {
      const code = categories[c]!.codes[row]!
      if (code >= 0) gradient[offsets[c]! + code] = gradient[offsets[c]! + code]! + error
    }
    strip[i] = error
  }
  return loss
}

/**
 * The mathematics of ridge regression (Hoerl and Kennard, Technometrics 12, 1970; Hastie, Tibshirani and Friedman, The
 * Elements of Statistical Learning, 2nd ed., equation 3.44). With row weights v_r and both sides centred at their weighted
 * means, the weights β solve the normal equations
 *
 *   (Σ_r v_r z_r z_rᵀ + λ I) β = Σ_r v_r (y_r − ȳ) z_r
 *
 * by Cholesky. The columns are standardized, so the equations are as well conditioned as the data allow.
 */
import { choleskyFactor, choleskySolve, dot, type DenseMatrix } from '../../kernels/index.ts'
import { checkDataset, rowWeights } from '../dataset.ts'
import { modelError } from '../errors.ts'
import type { LinearModel } from '../linear-model.ts'
import type { Dataset, FitContext } from '../model.ts'
import { createPacer, stripRows, type Pacer } from '../pacer.ts'
import { fitStandardizer, standardizedCopy } from '../standardizer.ts'
import { weightedMean } from '../weighted-mean.ts'
import type { RidgeParams } from './ridge.ts'

/** Throws MODEL_TOO_FEW_ROWS, MODEL_INVALID_DATA. */
export async function fitRidge(
  data: Dataset,
  params: RidgeParams,
  context: FitContext,
): Promise<LinearModel> {
  checkDataset(data, 'value')
  const pacer = createPacer(context)
  const standardizer = await fitStandardizer(data.matrix, pacer)
  const n = standardizer.names.length
  const matrix = await standardizedCopy(standardizer, data.matrix, pacer)
  const weight = rowWeights(data)
  const labelMean = weightedMean(data.label!, weight)

  const sums = await normalEquations(matrix, data.label!, weight, labelMean, pacer)
  const coefficients = await solve(sums.gram, sums.right, n, params.regularization, pacer)
  pacer.progress(1)
  return {
    standardizer,
    coefficients,
    intercept: labelMean - dot(coefficients, 0, sums.center, 0, n),
    categories: [],
  }
}

interface NormalEquations {
  /** Centred; lower triangle of n × n. */
  readonly gram: Float64Array
  readonly right: Float64Array
  /** Weighted mean of z; 0 but for rounding when there are no weights and no missing values. */
  readonly center: Float64Array
}

async function normalEquations(
  matrix: DenseMatrix,
  label: Float64Array,
  weight: Float64Array,
  labelMean: number,
  pacer: Pacer,
): Promise<NormalEquations> {
  const n = matrix.columns
  const gram = new Float64Array(n * n)
  const right = new Float64Array(n)
  const center = new Float64Array(n)
  const stripLength = stripRows(n * n)
  for (let from = 0; from < matrix.rows; from += stripLength) {
    const to = Math.min(matrix.rows, from + stripLength)
    const weights = weight.subarray(from, to)
    matrix.addGram(weights, gram, from, to)
    matrix.addTransposed(weights, center, from, to)
    const residual = weights.map((v, i) => v * (label[from + i]! - labelMean))
    matrix.addTransposed(residual, right, from, to)
    pacer.progress((0.9 * to) / matrix.rows)
    // addGram reads and writes its whole triangle for each row.
    if (pacer.due((to - from) * (n * n + 2 * n + 8))) await pacer.rest()
  }
  const weightSum = weight.reduce((sum, v) => sum + v, 0)
  for (let i = 0; i < n; i++) center[i] = center[i]! / weightSum
  // Σ v (y − ȳ) = 0, so only the gram matrix needs the correction for the centre.
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++)
      gram[i * n + j] = gram[i * n + j]! - weightSum * center[i]! * center[j]!
  }
  return { gram, right, center }
}

/** Smallest share of the mean diagonal that makes collinear columns solvable in f64, and how often it may grow tenfold. */
const LEAST_RIDGE = 1e-10
const MAX_ATTEMPTS = 10

/** Collinear columns with λ = 0 have no single answer: then the least ridge that can be solved is added. */
async function solve(
  gram: Float64Array,
  right: Float64Array,
  n: number,
  regularization: number,
  pacer: Pacer,
): Promise<Float64Array> {
  let diagonal = 0
  for (let i = 0; i < n; i++) diagonal += gram[i * n + i]!
  let added = regularization
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const factor = gram.slice()
    for (let i = 0; i < n; i++) factor[i * n + i] = factor[i * n + i]! + added
    if (await factorize(factor, n, pacer)) {
      const solution = right.slice()
      choleskySolve(factor, n, solution)
      if (solution.every((value) => Number.isFinite(value))) return solution
    }
    added = Math.max(added * 10, (LEAST_RIDGE * diagonal) / n, Number.MIN_VALUE / LEAST_RIDGE)
  }
  throw modelError(
    'MODEL_INVALID_DATA',
    `the normal equations of ${n} features cannot be solved: raise "regularization" or leave out features that repeat each other`,
  )
}

async function factorize(a: Float64Array, n: number, pacer: Pacer): Promise<boolean> {
  for (let j = 0; j < n; j++) {
    if (choleskyFactor(a, n, j, j + 1) >= 0) return false
    if (pacer.due((n - j) * (j + 4))) await pacer.rest()
  }
  return true
}

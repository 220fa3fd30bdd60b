/**
 * Linear models with an elastic-net penalty, one coefficient at a time (Friedman, Hastie and Tibshirani, "Regularization
 * paths for generalized linear models via coordinate descent", Journal of Statistical Software 33(1), 2010, equations 5, 6
 * and 10, naive updates). With x_rj the inputs (standardized features, one column of 0 and 1 per level), w_r the weights of
 * a quadratic and e_r its weighted residuals:
 *
 *   minimize  ½ Σ_r w_r (t_r − b − x_r·β)²  +  ridge/2 ‖β‖² + lasso ‖β‖₁,   e_r = w_r (t_r − b − x_r·β)
 *   β_j ← S(Σ_r x_rj e_r + a_j β_j, lasso) / (a_j + ridge),   a_j = Σ_r w_r x_rj²,   S(z, γ) = sign(z) max(|z| − γ, 0)
 *
 * The residuals carry their weight, so nothing is divided by a weight that is nearly 0. Cost of a round: rows · (features +
 * categories); a round over the coefficients that are not 0 only is as much cheaper as they are fewer.
 */
import { keptLevels } from './category-levels.ts'
import { canonicalCategories } from './dataset.ts'
import type { LinearModel } from './linear-model.ts'
import type { CategoryColumn, Dataset } from './model.ts'
import { stripRows, type Pacer } from './pacer.ts'
import { fitStandardizer, standardize, type Standardizer } from './standardizer.ts'

/** The inputs column by column. Coefficients are in the order: features, then the levels of each category. */
export interface Design {
  readonly rows: number
  readonly standardizer: Standardizer
  readonly categories: readonly CategoryColumn[]
  /** All coefficients but the intercept. */
  readonly size: number
  readonly columns: readonly DesignColumn[]
}

/** A dense column has a value for every row; a level is 1 in the rows that it lists and 0 elsewhere. */
type DesignColumn =
  | { readonly values: Float64Array; readonly rows?: undefined }
  | { readonly values?: undefined; readonly rows: Int32Array }

export interface Coefficients {
  intercept: number
  readonly weights: Float64Array
}

export interface Penalty {
  /** On ½ ‖β‖². */
  readonly ridge: number
  /** On ‖β‖₁. */
  readonly lasso: number
}

/** A quadratic at the present coefficients; the solver moves `residual` along. */
export interface Quadratic {
  readonly weight: Float64Array
  /** e, one per row. */
  readonly residual: Float64Array
}

export async function createDesign(data: Dataset, pacer: Pacer): Promise<Design> {
  const standardizer = await fitStandardizer(data.matrix, pacer)
  const { rows } = data.matrix
  const columns: DesignColumn[] = await featureColumns(data, standardizer, pacer)
  const categories = canonicalCategories(data.categories)
  for (const { levels, codes } of categories) {
    const count = new Int32Array(levels.length)
    for (const code of codes) if (code >= 0) count[code] = count[code]! + 1
    const lists = Array.from(count, (length) => new Int32Array(length))
    count.fill(0)
    codes.forEach((code, r) => {
      if (code < 0) return
      lists[code]![count[code]!] = r
      count[code] = count[code]! + 1
    })
    columns.push(...lists.map((list) => ({ rows: list })))
    if (pacer.due(rows * 8)) await pacer.rest()
  }
  return { rows, standardizer, categories, size: columns.length, columns }
}

async function featureColumns(
  { matrix }: Dataset,
  standardizer: Standardizer,
  pacer: Pacer,
): Promise<{ values: Float64Array }[]> {
  const width = standardizer.names.length
  const stride = matrix.names.length
  const columns = standardizer.names.map(() => ({ values: new Float64Array(matrix.rows) }))
  const strip = stripRows(8 * stride)
  const scratch = new Float64Array(strip * width)
  for (let from = 0; from < matrix.rows; from += strip) {
    const to = Math.min(matrix.rows, from + strip)
    const values = matrix.values.subarray(from * stride, to * stride)
    standardize(standardizer, { names: matrix.names, rows: to - from, values }, scratch)
    columns.forEach((column, j) => {
      for (let r = from; r < to; r++) column.values[r] = scratch[(r - from) * width + j]!
    })
    if (pacer.due((to - from) * stride * 8)) await pacer.rest()
  }
  return columns
}

/** Σ_r x_rj values_r. */
function project({ values, rows }: DesignColumn, vector: Float64Array): number {
  let sum = 0
  if (values) for (let r = 0; r < values.length; r++) sum += values[r]! * vector[r]!
  else for (const r of rows) sum += vector[r]!
  return sum
}

/** Σ_r w_r x_rj². */
function curvature({ values, rows }: DesignColumn, weight: Float64Array): number {
  let sum = 0
  if (values) for (let r = 0; r < values.length; r++) sum += weight[r]! * values[r]! * values[r]!
  else for (const r of rows) sum += weight[r]!
  return sum
}

/** e_r −= w_r x_rj δ. */
function move({ values, rows }: DesignColumn, { weight, residual }: Quadratic, by: number): void {
  if (values) {
    for (let r = 0; r < values.length; r++) {
      residual[r] = residual[r]! - weight[r]! * values[r]! * by
    }
  } else for (const r of rows) residual[r] = residual[r]! - weight[r]! * by
}

/** Multiply-adds of one visit. */
const workOf = ({ values, rows }: DesignColumn): number => 4 * (values ?? rows).length + 8

/** b + x_r·β, one per row. */
export async function scoresOf(
  design: Design,
  { intercept, weights }: Coefficients,
  pacer: Pacer,
): Promise<Float64Array> {
  const score = new Float64Array(design.rows).fill(intercept)
  for (let j = 0; j < design.size; j++) {
    const by = weights[j]!
    if (by === 0) continue
    const { values, rows } = design.columns[j]!
    if (values) for (let r = 0; r < values.length; r++) score[r] = score[r]! + values[r]! * by
    else for (const r of rows) score[r] = score[r]! + by
    if (pacer.due(workOf(design.columns[j]!))) await pacer.rest()
  }
  return score
}

/**
 * How far the coefficients are from the minimum: the largest entry of the least subgradient, 0 at the minimum. `residual` as
 * in `Quadratic`, at these coefficients.
 */
export async function violationOf(
  design: Design,
  { weights }: Coefficients,
  residual: Float64Array,
  penalty: Penalty,
  pacer: Pacer,
): Promise<number> {
  let worst = Math.abs(residual.reduce((sum, e) => sum + e, 0))
  for (let j = 0; j < design.size; j++) {
    const slope = project(design.columns[j]!, residual)
    worst = Math.max(worst, violation(slope, weights[j]!, penalty))
    if (pacer.due(workOf(design.columns[j]!))) await pacer.rest()
  }
  return worst
}

/** `slope`: minus the derivative of the quadratic. */
function violation(slope: number, weight: number, { ridge, lasso }: Penalty): number {
  if (weight === 0) return Math.max(0, Math.abs(slope) - lasso)
  return Math.abs(slope - ridge * weight - lasso * Math.sign(weight))
}

export interface DescendOptions {
  readonly penalty: Penalty
  /** Stop when a round over all coefficients saw no violation above this. */
  readonly tolerance: number
  readonly maxRounds: number
}

/** Minimizes the quadratic in place; its value never rises. */
export async function descend(
  design: Design,
  quadratic: Quadratic,
  at: Coefficients,
  options: DescendOptions,
  pacer: Pacer,
): Promise<void> {
  const { penalty, tolerance, maxRounds } = options
  const all = Int32Array.from({ length: design.size }, (_, j) => j)
  const mass = quadratic.weight.reduce((sum, w) => sum + w, 0)
  const curvatures = new Float64Array(design.size)
  for (const j of all) {
    curvatures[j] = curvature(design.columns[j]!, quadratic.weight)
    if (pacer.due(workOf(design.columns[j]!))) await pacer.rest()
  }
  const round = async (columns: Int32Array): Promise<number> => {
    let worst = moveIntercept(quadratic, at, mass)
    for (const j of columns) {
      worst = Math.max(worst, visit(design.columns[j]!, curvatures[j]!, quadratic, at, j, penalty))
      if (pacer.due(workOf(design.columns[j]!))) await pacer.rest()
    }
    if (pacer.due(design.rows * 4)) await pacer.rest()
    return worst
  }
  // What is 0 mostly stays 0: the others are settled first, then all are looked at (ibid., section 2.6).
  let columns = all
  for (let rounds = 1; rounds <= maxRounds; rounds++) {
    const isSettled = (await round(columns)) <= tolerance
    if (isSettled && columns.length === all.length) return
    columns = isSettled ? all : all.filter((j) => at.weights[j] !== 0)
  }
}

function visit(
  column: DesignColumn,
  curve: number,
  quadratic: Quadratic,
  at: Coefficients,
  j: number,
  penalty: Penalty,
): number {
  const before = at.weights[j]!
  const slope = project(column, quadratic.residual)
  const weight = curve + penalty.ridge
  const pull = slope + curve * before
  const past = Math.abs(pull) - penalty.lasso
  // A column that is 0 everywhere says nothing.
  const next = past > 0 && weight > 0 ? (Math.sign(pull) * past) / weight : 0
  if (next !== before) {
    at.weights[j] = next
    move(column, quadratic, next - before)
  }
  return violation(slope, before, penalty)
}

function moveIntercept({ weight, residual }: Quadratic, at: Coefficients, mass: number): number {
  const slope = residual.reduce((sum, e) => sum + e, 0)
  if (!(mass > 0)) return 0
  const by = slope / mass
  at.intercept += by
  for (let r = 0; r < residual.length; r++) residual[r] = residual[r]! - weight[r]! * by
  return Math.abs(slope)
}

/** The coefficients as a model. */
export function linearModelOf(design: Design, { intercept, weights }: Coefficients): LinearModel {
  const features = design.standardizer.names.length
  let from = features
  return {
    standardizer: design.standardizer,
    intercept,
    coefficients: weights.slice(0, features),
    categories: design.categories.map((category) => {
      const first = from
      from += category.levels.length
      return { ...keptLevels(category), weights: weights.slice(first, from) }
    }),
  }
}

/**
 * The mathematics of the bias model (Koren, Bell and Volinsky, "Matrix factorization techniques for recommender systems",
 * IEEE Computer 42(8), 2009, baseline of equation 3; damping as in Koren, "Factor in the neighbors", ACM TKDD 4(1), 2010,
 * section 2.1). With row weights v_r:
 *
 *   minimize  Σ_r v_r (y_r − μ − Σ_c b_c[level of r])²  +  Σ_c λ_c ‖b_c‖²,   μ the weighted mean label
 *
 * by turns over the categories; each turn is the exact minimum in one of them:
 *
 *   b_c[l] = Σ_{r in l} v_r (y_r − μ − Σ_{d≠c} b_d) / (λ_c + Σ_{r in l} v_r)
 *
 * One round is two passes over the rows for each category. Order of turns: by name.
 */
import { keptLevels } from '../category-levels.ts'
import { canonicalCategories, checkDataset, rowWeights } from '../dataset.ts'
import { modelError } from '../errors.ts'
import type { LevelWeights, LinearModel } from '../linear-model.ts'
import type { CategoryColumn, Dataset, FitContext } from '../model.ts'
import { createPacer, type Pacer } from '../pacer.ts'
import { weightedMean } from '../weighted-mean.ts'
import type { BiasParams } from './bias.ts'

interface Side {
  readonly column: CategoryColumn
  readonly damping: number
  /** b_c, one per level. */
  readonly offset: Float64Array
  readonly sum: Float64Array
  /** Σ v_r of each level; 0 for one that only an earlier version had rows of. */
  readonly count: Float64Array
}

/** Throws MODEL_TOO_FEW_ROWS, MODEL_INVALID_DATA (also without categories). */
export async function fitBias(
  data: Dataset,
  params: BiasParams,
  context: FitContext,
): Promise<LinearModel> {
  checkDataset(data, 'value')
  if (data.categories.length === 0) {
    throw modelError(
      'MODEL_INVALID_DATA',
      'the bias model learns from categories and there is none: declare them, for example categories: ["userId", "movieId"]',
    )
  }
  const pacer = createPacer(context)
  const weight = rowWeights(data)
  const mean = weightedMean(data.label!, weight)
  const residual = data.label!.map((value) => value - mean)
  const sides = canonicalCategories(data.categories).map((column) =>
    openSide(column, weight, params),
  )
  for (let iteration = 1; iteration <= params.maxIterations; iteration++) {
    let moved = 0
    for (const side of sides) moved = Math.max(moved, await turn(side, residual, weight, pacer))
    pacer.progress(iteration / params.maxIterations)
    if (moved <= params.tolerance) break
  }
  pacer.progress(1)
  return {
    standardizer: { names: [], mean: new Float64Array(0), deviation: new Float64Array(0) },
    coefficients: new Float64Array(0),
    intercept: mean,
    categories: sides.map(({ column, offset }): LevelWeights => ({
      ...keptLevels(column),
      weights: offset,
    })),
  }
}

function openSide(column: CategoryColumn, weight: Float64Array, params: BiasParams): Side {
  const size = column.levels.length
  const count = new Float64Array(size)
  column.codes.forEach((code, r) => {
    if (code >= 0) count[code] = count[code]! + weight[r]!
  })
  const own = Object.hasOwn(params.dampingBy, column.name)
    ? params.dampingBy[column.name]
    : undefined
  return {
    column,
    damping: own ?? params.damping,
    offset: new Float64Array(size),
    sum: new Float64Array(size),
    count,
  }
}

/** Rows between two looks at the pacer. */
const STRIP = 65_536

/** One turn of one category; keeps `residual` = y − μ − Σ b. Returns the largest move of an offset. */
async function turn(
  side: Side,
  residual: Float64Array,
  weight: Float64Array,
  pacer: Pacer,
): Promise<number> {
  const { column, damping, offset, sum, count } = side
  const { codes } = column
  sum.fill(0)
  for (let from = 0; from < codes.length; from += STRIP) {
    const to = Math.min(codes.length, from + STRIP)
    for (let r = from; r < to; r++) {
      const code = codes[r]!
      if (code >= 0) sum[code] = sum[code]! + weight[r]! * (residual[r]! + offset[code]!)
    }
    if (pacer.due((to - from) * 8)) await pacer.rest()
  }
  let moved = 0
  for (let level = 0; level < offset.length; level++) {
    const next = count[level]! > 0 ? sum[level]! / (damping + count[level]!) : 0
    // `sum` now holds the move, which the second pass takes off the residuals.
    sum[level] = next - offset[level]!
    moved = Math.max(moved, Math.abs(sum[level]!))
    offset[level] = next
  }
  for (let from = 0; from < codes.length; from += STRIP) {
    const to = Math.min(codes.length, from + STRIP)
    for (let r = from; r < to; r++) {
      const code = codes[r]!
      if (code >= 0) residual[r] = residual[r]! - sum[code]!
    }
    if (pacer.due((to - from) * 8)) await pacer.rest()
  }
  return moved
}

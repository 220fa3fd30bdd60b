/**
 * The mathematics of naive Bayes (Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, 2nd ed., 6.6.3):
 * within a class every input is taken as independent of the others, so log-odds add up:
 *
 *   log-odds = log(W_1 / W_0) + Σ_j log(N(z_j; m_1j, s_1j) / N(z_j; m_0j, s_0j)) + Σ_c log(P(level | 1) / P(level | 0))
 *   P(level | k) = (W_k,level + α) / (W_k + α L)
 *
 * with W sums of row weights, L levels, m and s mean and variance of a standardized feature within a class, missing values
 * left out, ε added to every variance.
 */
import { keptLevels, type KeptLevels } from '../category-levels.ts'
import {
  canonicalCategories,
  checkBothClasses,
  checkDataset,
  columnPositions,
  rowWeights,
} from '../dataset.ts'
import type { CategoryColumn, Dataset, FitContext } from '../model.ts'
import { createPacer, type Pacer } from '../pacer.ts'
import { fitStandardizer, standardizedCopy, type Standardizer } from '../standardizer.ts'
import type { NaiveBayesParams } from './naive-bayes.ts'

export interface NaiveBayesModel {
  readonly standardizer: Standardizer
  /** log(W_1 / W_0). */
  readonly prior: number
  /** 2 × features, class 0 first; standardized. Variance 0: the feature says nothing. */
  readonly means: Float64Array
  readonly variances: Float64Array
  readonly categories: readonly LevelOdds[]
}

export interface LevelOdds extends KeptLevels {
  /** log(P(level | 1) / P(level | 0)), one per level; 0 for one without rows. */
  readonly odds: Float64Array
}

/** Throws MODEL_TOO_FEW_ROWS, MODEL_INVALID_DATA (also for one class only). */
export async function fitNaiveBayes(
  data: Dataset,
  params: NaiveBayesParams,
  context: FitContext,
): Promise<NaiveBayesModel> {
  checkDataset(data, 'class')
  checkBothClasses(data.label!)
  const pacer = createPacer(context)
  const standardizer = await fitStandardizer(data.matrix, pacer)
  const label = data.label!
  const given = rowWeights(data)
  // Only ratios of sums count: parts of the largest cannot overflow.
  const largest = given.reduce((most, value) => Math.max(most, value), 0)
  const weight = given.map((value) => value / largest)
  const total: [number, number] = [0, 0]
  for (let r = 0; r < label.length; r++) total[label[r] === 1 ? 1 : 0] += weight[r]!
  const classes = { label, weight, total }
  const { means, variances } = await gaussians(data, standardizer, classes, params, pacer)
  pacer.progress(1)
  return {
    standardizer,
    prior: logRatio(total[1], total[0]),
    means,
    variances,
    categories: canonicalCategories(data.categories).map((category) =>
      levelOdds(category, classes, params.smoothing),
    ),
  }
}

/** log(a / b), also where one of them is nothing beside the other. */
const logRatio = (a: number, b: number): number =>
  Math.log(Math.max(a, Number.MIN_VALUE)) - Math.log(Math.max(b, Number.MIN_VALUE))

interface Classes {
  readonly label: Float64Array
  readonly weight: Float64Array
  /** Summed weights of class 0 and class 1. */
  readonly total: readonly [number, number]
}

/** Mean and variance of every feature within both classes: two passes. */
async function gaussians(
  data: Dataset,
  standardizer: Standardizer,
  { label, weight }: Classes,
  params: NaiveBayesParams,
  pacer: Pacer,
) {
  const { names, values: given } = data.matrix
  const width = names.length
  const { values } = await standardizedCopy(standardizer, data.matrix, pacer)
  const positions = columnPositions(data.matrix, standardizer.names)
  const mass = new Float64Array(2 * width)
  const means = new Float64Array(2 * width)
  const squares = new Float64Array(2 * width)
  const pass = async (visit: (at: number, z: number, v: number) => void): Promise<void> => {
    for (let r = 0; r < label.length; r++) {
      const offset = label[r] === 1 ? width : 0
      for (let j = 0; j < width; j++) {
        if (!Number.isFinite(given[r * width + positions[j]!]!)) continue
        visit(offset + j, values[r * width + j]!, weight[r]!)
      }
      if (pacer.due(width * 6)) await pacer.rest()
    }
  }
  await pass((at, z, v) => {
    mass[at] = mass[at]! + v
    means[at] = means[at]! + v * z
  })
  for (let at = 0; at < 2 * width; at++) means[at] = mass[at]! > 0 ? means[at]! / mass[at]! : 0
  await pass((at, z, v) => (squares[at] = squares[at]! + v * (z - means[at]!) ** 2))
  const isSilent = (j: number): boolean =>
    mass[j] === 0 || mass[width + j] === 0 || standardizer.deviation[j] === 0
  const variances = squares.map((sum, at) =>
    isSilent(at % width) ? 0 : sum / mass[at]! + params.varianceSmoothing,
  )
  return { means, variances }
}

function levelOdds(
  column: CategoryColumn,
  { label, weight, total }: Classes,
  smoothing: number,
): LevelOdds {
  const { levels, codes } = column
  const kept = keptLevels(column)
  const size = levels.length - (kept.absent?.length ?? 0)
  const count = [new Float64Array(levels.length), new Float64Array(levels.length)] as const
  for (let r = 0; r < codes.length; r++) {
    const code = codes[r]!
    if (code < 0) continue
    const side = count[label[r] === 1 ? 1 : 0]
    side[code] = side[code]! + weight[r]!
  }
  const [all0, all1] = total.map((sum) => sum + smoothing * size)
  const odds = Float64Array.from(levels, (_, code) =>
    count[0][code]! + count[1][code]! > 0
      ? logRatio((count[1][code]! + smoothing) / all1!, (count[0][code]! + smoothing) / all0!)
      : 0,
  )
  return { ...kept, odds }
}

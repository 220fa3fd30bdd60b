/**
 * Random forests (Breiman, "Random forests", Machine Learning 45, 2001, algorithm of section 4): every tree learns from rows
 * drawn with replacement, every split chooses from columns drawn anew, the answer is the mean of all trees. A tree is one
 * Newton step down the squared error from the mean label ȳ, with c_r how often row r was drawn and v_r its weight:
 *
 *   g_r = c_r v_r (ȳ − y_r), h_r = c_r v_r,   value of a leaf  ȳ + Σ c v (y − ȳ) / (λ + Σ c v)
 *
 * For labels 0 and 1 this chooses the same splits as the Gini index, twice the variance of the label.
 */
import {
  chooseScales,
  createRandom,
  type GradientHistograms,
  type Random,
} from '../../kernels/index.ts'
import { rowWeights } from '../dataset.ts'
import type { Dataset, FitContext } from '../model.ts'
import { createPacer, type Pacer } from '../pacer.ts'
import { openHistograms } from '../trees/open-histograms.ts'
import { chooseColumns } from '../trees/tree-columns.ts'
import { assembleEnsemble, type TreeEnsemble } from '../trees/tree-ensemble.ts'
import { growTree, type GrownNode } from '../trees/tree-grower.ts'
import { drawColumns } from '../trees/tree-sampling.ts'
import { weightedMean } from '../weighted-mean.ts'
import type { RandomForestParams } from './random-forest-params.ts'

/** The label must have been checked. `columnCount`: columns a split chooses from when the parameters leave it open. */
export async function fitRandomForest(
  data: Dataset,
  params: RandomForestParams,
  columnCount: (columns: number) => number,
  context: FitContext,
): Promise<TreeEnsemble> {
  const pacer = createPacer(context)
  const columns = await chooseColumns(data, params.maxBins, context.seed, pacer)
  const weight = rowWeights(data)
  const label = data.label!
  const mean = weightedMean(label, weight)
  const width = columns.features.length + columns.categories.length
  if (width === 0) return assembleEnsemble(columns, mean, [], 1)
  const { histograms, slots } = await openHistograms(columns, data, params.maxLeaves, pacer)
  const random = createRandom(context.seed)
  const share = params.columnShare || columnCount(width) / width
  const rules = {
    ...params,
    minLeafHessian: 0,
    minGain: 0,
    categorySmoothing: 0,
    monotone: new Int8Array(width),
    features: columns.features.length,
  }
  const columnsOf = () => drawColumns(width, share, random)
  const trees: GrownNode[][] = []
  try {
    for (let t = 0; t < params.trees; t++) {
      const { rows, scales } = await drawSample(histograms, { label, weight, mean }, random, pacer)
      trees.push(await growTree({ histograms, slots, rules, scales, rows, columnsOf }, pacer))
      pacer.progress((t + 1) / params.trees)
    }
  } finally {
    histograms.close()
  }
  return assembleEnsemble(columns, mean, trees, 1 / params.trees)
}

interface Labels {
  readonly label: Float64Array
  readonly weight: Float64Array
  readonly mean: number
}

/** Rows between two looks at the pacer. */
const STRIP = 65_536

/** As many draws as rows; puts the rows that came up into `order` and their gradients beside them. */
async function drawSample(
  histograms: GradientHistograms,
  { label, weight, mean }: Labels,
  random: Random,
  pacer: Pacer,
) {
  const { order, gradients, hessians } = histograms
  const count = label.length
  hessians.fill(0)
  for (let from = 0; from < count; from += STRIP) {
    const to = Math.min(count, from + STRIP)
    for (let i = from; i < to; i++) {
      const r = random.int(count)
      hessians[r] = hessians[r]! + weight[r]!
    }
    if (pacer.due((to - from) * 10)) await pacer.rest()
  }
  let rows = 0
  let maxGradient = 0
  let maxHessian = 0
  for (let r = 0; r < count; r++) {
    gradients[r] = hessians[r]! * (mean - label[r]!)
    if (hessians[r] === 0) continue
    order[rows] = r
    rows += 1
    maxGradient = Math.max(maxGradient, Math.abs(gradients[r]!))
    maxHessian = Math.max(maxHessian, hessians[r]!)
  }
  const scales = chooseScales(count, maxGradient, maxHessian)
  for (let from = 0; from < count; from += STRIP) {
    const to = Math.min(count, from + STRIP)
    histograms.quantize(scales, from, to)
    if (pacer.due((to - from) * 8)) await pacer.rest()
  }
  return { rows, scales }
}

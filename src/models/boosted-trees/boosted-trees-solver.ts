/**
 * Gradient boosting with trees on histograms (Friedman, "Greedy function approximation: a gradient boosting machine", Annals
 * of Statistics 29(5), 2001, algorithm 1; second order by Chen and Guestrin, "XGBoost", KDD 2016, equation 3). From a
 * constant score, each tree is a Newton step down the summed loss:
 *
 *   s ← s + η · f(x),   f minimizes  Σ_r (g_r f(x_r) + ½ h_r f(x_r)²) + ½ λ Σ_leaves w²
 *
 * Every sum over rows is of whole numbers (`kernels/histograms.ts`), so the same seed gives the same bits on every machine.
 */
import {
  chooseScales,
  createRandom,
  type GradientHistograms,
  type Random,
} from '../../kernels/index.ts'
import { quote } from '../../core/index.ts'
import { modelError } from '../errors.ts'
import { rowWeights } from '../dataset.ts'
import type { Dataset, FitContext } from '../model.ts'
import { createPacer, type Pacer } from '../pacer.ts'
import { openHistograms } from '../trees/open-histograms.ts'
import { chooseColumns, type TreeColumns } from '../trees/tree-columns.ts'
import { assembleEnsemble, type TreeEnsemble } from '../trees/tree-ensemble.ts'
import { growTree, type GrownNode, type GrowRules } from '../trees/tree-grower.ts'
import { drawColumns, drawRows, holdOut } from '../trees/tree-sampling.ts'
import type { Loss, LossRows } from './boosted-trees-loss.ts'
import type { BoostedTreesParams } from './boosted-trees-params.ts'

/** What one round of boosting works on. */
interface Boosting {
  readonly params: BoostedTreesParams
  readonly loss: Loss
  readonly histograms: GradientHistograms
  readonly slots: number
  readonly rules: GrowRules
  readonly rows: LossRows
  readonly maxWeight: number
  /** Rows that trees learn from, and those that only `patience` looks at. */
  readonly train: Int32Array
  readonly held: Int32Array
  readonly random: Random
  readonly pacer: Pacer
}

/** Throws MODEL_TOO_FEW_ROWS, MODEL_INVALID_DATA. The label must have been checked. */
export async function fitBoostedTrees(
  data: Dataset,
  params: BoostedTreesParams,
  loss: Loss,
  context: FitContext,
): Promise<TreeEnsemble> {
  const pacer = createPacer(context)
  const columns = await chooseColumns(data, params.maxBins, context.seed, pacer)
  const width = columns.features.length + columns.categories.length
  const random = createRandom(context.seed)
  const weight = rowWeights(data)
  const label = data.label!
  const { train, held } = holdOut(
    label.length,
    params.patience > 0 ? params.heldOutShare : 0,
    random,
  )
  const base = loss.start(pick(label, train), pick(weight, train))
  const rules = growRules(columns, params)
  if (width === 0) return assembleEnsemble(columns, base, [], params.learningRate)
  const opened = await openHistograms(columns, data, params.maxLeaves, pacer)
  const { scores, labels, weights } = opened.histograms
  scores.fill(base)
  labels.set(label)
  weights.set(weight)
  const rows: LossRows = { score: scores, label: labels, weight: weights }
  const maxWeight = weight.reduce((most, value) => Math.max(most, value), 0)
  const common = { params, loss, rules, rows, maxWeight, train, held, random, pacer }
  try {
    const trees = await boost({ ...opened, ...common })
    return assembleEnsemble(columns, base, trees, params.learningRate)
  } finally {
    opened.histograms.close()
  }
}

function growRules(columns: TreeColumns, params: BoostedTreesParams): GrowRules {
  const { features, categories } = columns
  const monotone = new Int8Array(features.length + categories.length)
  for (const [name, direction] of Object.entries(params.monotone)) {
    const column = features.findIndex((feature) => feature.name === name)
    if (column < 0) {
      throw modelError(
        'MODEL_INVALID_DATA',
        `monotone names ${quote(name)}, which is no numeric feature: use one of ${features.map((feature) => feature.name).join(', ')}`,
      )
    }
    monotone[column] = direction === 'increasing' ? 1 : -1
  }
  return { ...params, monotone, features: features.length }
}

const pick = (values: Float64Array, rows: Int32Array): Float64Array =>
  Float64Array.from(rows, (r) => values[r]!)

async function boost(boosting: Boosting): Promise<GrownNode[][]> {
  const { params, held, pacer } = boosting
  const trees: GrownNode[][] = []
  let best = { loss: meanLoss(boosting), trees: 0 }
  for (let t = 0; t < params.trees; t++) {
    const tree = await addTree(boosting)
    trees.push(tree)
    // Nothing was left to split by: another tree would be the same single leaf, or close to it.
    const isDone = tree.length === 1 && params.rowShare === 1 && params.columnShare === 1
    if (held.length > 0) {
      const now = meanLoss(boosting)
      if (now < best.loss) best = { loss: now, trees: trees.length }
      else if (trees.length - best.trees >= params.patience) break
    }
    pacer.progress((t + 1) / params.trees)
    if (isDone) break
  }
  pacer.progress(1)
  return held.length > 0 ? trees.slice(0, best.trees) : trees
}

/** Weighted mean loss of the held-out rows; 0 without any. */
function meanLoss({ loss, rows, held, maxWeight }: Boosting): number {
  let sum = 0
  let weightSum = 0
  for (const r of held) {
    const weight = rows.weight[r]! / maxWeight
    sum += weight * loss.of(rows.score[r]!, rows.label[r]!)
    weightSum += weight
  }
  return weightSum > 0 ? sum / weightSum : 0
}

async function addTree(boosting: Boosting): Promise<GrownNode[]> {
  const { params, histograms, slots, rules, train, held, random, pacer } = boosting
  const scales = await derive(boosting)
  const { inside, outside } = drawRows(train, params.rowShare, random)
  const width = histograms.columnStart.length - 1
  const columns = drawColumns(width, params.columnShare, random)
  histograms.order.set(inside)
  const options = {
    histograms,
    slots,
    rules,
    scales,
    rows: inside.length,
    columnsOf: () => columns,
  }
  const tree = await growTree(options, pacer)
  await addLeaves(boosting, tree)
  await addByWalk(boosting, tree, outside)
  await addByWalk(boosting, tree, held)
  return tree
}

/** Rows between two looks at the pacer. */
const STRIP = 262_144

async function derive(boosting: Boosting) {
  const { loss, rows, histograms, maxWeight, pacer } = boosting
  const { gradients, hessians } = histograms
  const count = rows.label.length
  if (loss.derive === undefined) return deriveLogistic(boosting)
  let largest = 0
  for (let from = 0; from < count; from += STRIP) {
    const range = { from, to: Math.min(count, from + STRIP) }
    largest = Math.max(largest, loss.derive(rows, gradients, hessians, range))
    if (pacer.due((range.to - from) * 16)) await pacer.rest()
  }
  const scales = chooseScales(count, largest, loss.maxHessian * maxWeight)
  for (let from = 0; from < count; from += STRIP) {
    const to = Math.min(count, from + STRIP)
    histograms.quantize(scales, from, to)
    if (pacer.due((to - from) * 4)) await pacer.rest()
  }
  return scales
}

async function deriveLogistic({ loss, rows, histograms, maxWeight, pacer }: Boosting) {
  const count = rows.label.length
  const scales = chooseScales(count, maxWeight, loss.maxHessian * maxWeight)
  for (let from = 0; from < count; from += STRIP) {
    const to = Math.min(count, from + STRIP)
    histograms.deriveLogistic(scales, from, to)
    if (pacer.due((to - from) * 8)) await pacer.rest()
  }
  return scales
}

/** Rows that the tree learned from lie leaf by leaf in `order`. */
async function addLeaves(boosting: Boosting, tree: readonly GrownNode[]): Promise<void> {
  const { params, histograms, pacer } = boosting
  for (const { from, to, value, split } of tree) {
    if (split) continue
    histograms.addToScores(value * params.learningRate, from, to)
    if (pacer.due((to - from) * 3)) await pacer.rest()
  }
}

/** The other rows walk down by their bins. */
async function addByWalk(
  { params, histograms, rows, pacer }: Boosting,
  tree: readonly GrownNode[],
  others: Int32Array,
): Promise<void> {
  const { bins } = histograms
  const { score, label } = rows
  for (let i = 0; i < others.length; i++) {
    const r = others[i]!
    let node = tree[0]!
    while (node.split) {
      const bin = bins[node.split.column * label.length + r]!
      node = tree[node.left + 1 - node.isLeft![bin]!]!
    }
    score[r] = score[r]! + node.value * params.learningRate
    if (i % 1_024 === 0 && pacer.due(60 * 1_024)) await pacer.rest()
  }
}

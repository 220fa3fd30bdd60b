/**
 * The best split of one leaf from its histogram. With G and H the sums of gradients and hessians of a side, λ the L2
 * penalty (Chen and Guestrin, "XGBoost", KDD 2016, equations 5 to 7):
 *
 *   value of a leaf   w = −G / (H + λ)            its share of the loss   −½ G² / (H + λ)
 *   gain of a split   G_L² / (H_L + λ) + G_R² / (H_R + λ) − G² / (H + λ)   (twice the fall of the loss)
 *
 * Rows without a value go to the side that gains more (ibid., algorithm 3); where the leaf has none, to the side with more
 * rows. Levels of a category are put in the order of G / (H + smoothing) and cut like numbers: for a convex loss the best
 * two groups are neighbours in that order (Fisher, JASA 53, 1958; used so by Ke et al., "LightGBM", NIPS 2017). Under a
 * monotone constraint both values must be in order, and values stay between bounds inherited from the splits above.
 *
 * All sums are whole numbers (`kernels/histograms.ts`); `λ` and the least hessian come in the same unit.
 */
import type { CutRules, GradientHistograms, Scales } from '../../kernels/index.ts'

export interface SplitRules {
  /** L2 penalty, unit of the hessians. */
  readonly regularization: number
  readonly minLeafRows: number
  readonly minLeafHessian: number
  /** A split must gain more than this, unit of the loss. */
  readonly minGain: number
  /** Added to the hessians of a level before levels are put in order, and to λ of a split of more than four levels. */
  readonly categorySmoothing: number
  /** −1, 0 or 1 for each column. */
  readonly monotone: Int8Array
  /** The first this many columns are features, the others categories. */
  readonly features: number
}

/** Sums of one leaf in whole numbers. */
export interface LeafSums {
  readonly gradient: number
  readonly hessian: number
  readonly rows: number
  /** Least and greatest value that the leaf may take. */
  readonly low: number
  readonly high: number
}

export interface Split {
  readonly column: number
  /** In the unit of the loss. */
  readonly gain: number
  /** Features: the last bin that goes left. Categories: −1. */
  readonly bin: number
  /** Whether rows in bin 0 go left. */
  readonly isMissingLeft: boolean
  /** Categories: the bins that go left. */
  readonly leftBins?: readonly number[]
  readonly left: LeafSums
  readonly right: LeafSums
}

export interface SplitContext {
  readonly rules: SplitRules
  readonly scales: Scales
  readonly histograms: GradientHistograms
  /** Where the histogram of the leaf is. */
  readonly slot: number
}

/** Levels that a category split may name, so that a group is never a long list of chances. LightGBM's default. */
const MAX_LEVELS_IN_GROUP = 32
/** Up to this many levels every grouping is tried as it is, without smoothing. LightGBM's default. */
const FEW_LEVELS = 4

interface Candidate {
  /** G² / (H + λ), left plus right: comparable between the columns of one leaf. */
  score: number
  column: number
  bin: number
  isMissingLeft: boolean
  leftBins: readonly number[] | undefined
  gradient: number
  hessian: number
  rows: number
}

/** The value of a leaf in the unit of the score. */
export function leafValue(sums: LeafSums, regularization: number, scales: Scales): number {
  const weight = sums.hessian / scales.hessian + regularization
  const value = weight > 0 ? -(sums.gradient / scales.gradient) / weight : 0
  return Math.min(sums.high, Math.max(sums.low, value))
}

/** Undefined when no allowed split gains anything. Of equal gains the first column and lowest bin win. */
export function findSplit(
  context: SplitContext,
  leaf: LeafSums,
  columns: ArrayLike<number>,
): Split | undefined {
  const { rules, scales, histograms, slot } = context
  if (leaf.rows < 2 * rules.minLeafRows) return undefined
  const search = createSearch(context, leaf)
  const { best, parent } = search
  const wanted: CutRules = {
    gradient: leaf.gradient,
    hessian: leaf.hessian,
    rows: leaf.rows,
    lambda: rules.regularization * scales.hessian,
    minRows: rules.minLeafRows,
    minHessian: rules.minLeafHessian * scales.hessian,
  }
  const isFree = leaf.low === -Infinity && leaf.high === Infinity
  // Neighbours without a constraint go to the kernel together.
  const free: number[] = []
  const searchFree = (): void => {
    const cut = free.length > 0 ? histograms.bestCut(slot, free, wanted, best.score) : undefined
    if (cut) Object.assign(best, cut, { leftBins: undefined })
    free.length = 0
  }
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i]!
    if (isFree && column < rules.features && rules.monotone[column] === 0) {
      free.push(column)
      continue
    }
    searchFree()
    if (column >= rules.features) searchCategory(context, search, column, leaf)
    else searchFeature(context, search, column)
  }
  searchFree()
  if (best.column < 0) return undefined
  // Twice the fall of the loss, from whole numbers into its own unit.
  const unit = scales.hessian / scales.gradient / scales.gradient
  const gain = Math.min(Number.MAX_VALUE, (best.score - parent) * unit)
  if (!(gain > rules.minGain)) return undefined
  return finish(context, leaf, best, gain)
}

/** Below this part of its terms a gain is only their rounding error. */
const ROUNDING = 1e-12

type Search = ReturnType<typeof createSearch>

/** The test of one candidate, by the rules: keeps it in `best` when it is allowed and better. */
function createSearch(context: SplitContext, leaf: LeafSums) {
  const { rules, scales } = context
  const minHessian = rules.minLeafHessian * scales.hessian
  const isBounded = leaf.low > -Infinity || leaf.high < Infinity
  const unitOfValue = scales.hessian / scales.gradient
  const bounded = (value: number): number =>
    Math.min(leaf.high / unitOfValue, Math.max(leaf.low / unitOfValue, value))
  /** −2 × the loss of a side at its value (bounds cut it off). */
  const score = (gradient: number, hessian: number, lambda: number): number => {
    const weight = hessian + lambda
    if (!(weight > 0)) return 0
    if (!isBounded) return (gradient * gradient) / weight
    const value = bounded(-gradient / weight)
    return -(2 * gradient * value + weight * value * value)
  }
  const parent = score(leaf.gradient, leaf.hessian, rules.regularization * scales.hessian)
  const best: Candidate = {
    score: parent + ROUNDING * Math.abs(parent),
    column: -1,
    bin: -1,
    isMissingLeft: false,
    leftBins: undefined,
    gradient: 0,
    hessian: 0,
    rows: 0,
  }
  const state = { lambda: 0, sign: 0 }
  return {
    best,
    parent,
    /** Sets what the candidates of a column have in common. */
    begin(column: number, extraPenalty: number): void {
      state.lambda = (rules.regularization + extraPenalty) * scales.hessian
      state.sign = rules.monotone[column]!
    },
    /** The left side has these sums. True when it became the best. */
    offer(gradient: number, hessian: number, rows: number): boolean {
      if (rows < rules.minLeafRows || leaf.rows - rows < rules.minLeafRows) return false
      if (hessian < minHessian || leaf.hessian - hessian < minHessian) return false
      const [g, h] = [leaf.gradient - gradient, leaf.hessian - hessian]
      const { lambda, sign } = state
      const both = score(gradient, hessian, lambda) + score(g, h, lambda)
      if (!(both > best.score)) return false
      if (sign !== 0) {
        const left = bounded(-gradient / (hessian + lambda))
        const right = bounded(-g / (h + lambda))
        if (sign * (right - left) < 0) return false
      }
      best.score = both
      best.gradient = gradient
      best.hessian = hessian
      best.rows = rows
      return true
    },
  }
}

function searchFeature(context: SplitContext, search: Search, column: number): void {
  const { columnStart } = context.histograms
  const cells = context.histograms.read(context.slot)
  const { best } = search
  const start = columnStart[column]! * 3
  const end = columnStart[column + 1]! * 3
  const [missingGradient, missingHessian] = [cells[start]!, cells[start + 1]!]
  const missingRows = cells[start + 2]!
  let gradient = 0
  let hessian = 0
  let rows = 0
  search.begin(column, 0)
  for (let at = start + 3; at < end; at += 3) {
    if (cells[at + 2] === 0) continue
    gradient += cells[at]!
    hessian += cells[at + 1]!
    rows += cells[at + 2]!
    let isBetter = search.offer(gradient, hessian, rows)
    if (isBetter) best.isMissingLeft = false
    if (missingRows > 0) {
      const isLeft = search.offer(
        gradient + missingGradient,
        hessian + missingHessian,
        rows + missingRows,
      )
      if (isLeft) best.isMissingLeft = true
      isBetter ||= isLeft
    }
    if (!isBetter) continue
    best.column = column
    best.bin = (at - start) / 3
    best.leftBins = undefined
  }
}

function searchCategory(
  context: SplitContext,
  search: Search,
  column: number,
  leaf: LeafSums,
): void {
  const { histograms, rules, scales } = context
  const { columnStart } = histograms
  const cells = histograms.read(context.slot)
  const start = columnStart[column]!
  const count = columnStart[column + 1]! - start
  const smoothing = rules.categorySmoothing * scales.hessian
  const bins: number[] = []
  const rank = new Float64Array(count)
  let levels = 0
  for (let bin = 0; bin < count; bin++) {
    const at = (start + bin) * 3
    if (cells[at + 2] === 0) continue
    levels += 1
    const weight = cells[at + 1]! + smoothing
    rank[bin] = weight > 0 ? cells[at]! / weight : 0
    bins.push(bin)
  }
  if (levels < 2) return
  bins.sort((a, b) => rank[a]! - rank[b]! || a - b)
  search.begin(column, levels > FEW_LEVELS ? rules.categorySmoothing : 0)
  for (const order of [bins, bins.toReversed()]) {
    let gradient = 0
    let hessian = 0
    let rows = 0
    const most = Math.min(order.length - 1, MAX_LEVELS_IN_GROUP)
    for (let i = 0; i < most; i++) {
      const at = (start + order[i]!) * 3
      gradient += cells[at]!
      hessian += cells[at + 1]!
      rows += cells[at + 2]!
      if (!search.offer(gradient, hessian, rows)) continue
      const { best } = search
      best.column = column
      best.bin = -1
      best.leftBins = order.slice(0, i + 1)
      // Levels that are not named go right; so does what was never seen, unless most rows are left.
      const missing = cells[start * 3 + 2]!
      best.isMissingLeft = missing > 0 ? best.leftBins.includes(0) : 2 * rows > leaf.rows
    }
  }
}

function finish(context: SplitContext, leaf: LeafSums, best: Candidate, gain: number): Split {
  const { rules, scales, histograms } = context
  const { column, bin, leftBins, gradient, hessian, rows } = best
  const left = { ...leaf, gradient, hessian, rows }
  const right = {
    ...leaf,
    gradient: leaf.gradient - gradient,
    hessian: leaf.hessian - hessian,
    rows: leaf.rows - rows,
  }
  const isNoneMissing = histograms.missingRows(context.slot, column) === 0
  const isMissingLeft =
    leftBins === undefined && isNoneMissing ? 2 * rows > leaf.rows : best.isMissingLeft
  const sign = rules.monotone[column]!
  const shared = { column, gain, bin, isMissingLeft, ...(leftBins ? { leftBins } : {}) }
  if (sign === 0) return { ...shared, left, right }
  const [a, b] = [left, right].map((side) => leafValue(side, rules.regularization, scales))
  const middle = a! / 2 + b! / 2
  return sign > 0
    ? { ...shared, left: { ...left, high: middle }, right: { ...right, low: middle } }
    : { ...shared, left: { ...left, low: middle }, right: { ...right, high: middle } }
}

/**
 * Trees as flat arrays, and their sum for a row. A row goes from node to node: at a split it goes to `left` or
 * `left + 1`, until `column` is −1; the sum of `value` there over all trees, plus `base`, is the score.
 */
import type { LevelColumn, TreeColumns } from './tree-columns.ts'
import type { GrownNode } from './tree-grower.ts'

/** What a fitted ensemble knows of its inputs. */
export interface TreeInputs {
  /** Sorted. Columns 0 … */
  readonly features: readonly string[]
  /** Sorted. The columns after the features. */
  readonly categories: readonly LevelColumn[]
}

export interface TreeEnsemble {
  readonly inputs: TreeInputs
  readonly base: number
  /** First node of each tree, and at the end the number of nodes. */
  readonly starts: Int32Array
  /** One per node: the column that it splits by, −1 for a leaf. */
  readonly column: Int32Array
  /** A feature goes left when x ≤ threshold. */
  readonly threshold: Float64Array
  /** 1: what is missing or unknown goes left. */
  readonly missingLeft: Uint8Array
  /** First child; the second is the next node. 0 for a leaf. */
  readonly left: Int32Array
  /** A category goes left when bit (bin & 7) of byte subset · 32 + (bin >> 3) of `subsets` is set. −1 for a feature. */
  readonly subset: Int32Array
  readonly subsets: Uint8Array
  /** What a leaf adds to the score. */
  readonly value: Float64Array
  /** Training rows that came by. */
  readonly cover: Int32Array
  /** How much of the loss each split took away. */
  readonly gain: Float64Array
}

export const SUBSET_BYTES = 32

/** Puts grown trees together; `shrinkage` multiplies every value. */
export function assembleEnsemble(
  columns: TreeColumns,
  base: number,
  trees: readonly (readonly GrownNode[])[],
  shrinkage: number,
): TreeEnsemble {
  const size = trees.reduce((sum, tree) => sum + tree.length, 0)
  const starts = new Int32Array(trees.length + 1)
  const ensemble = emptyEnsemble(size)
  const subsets: number[] = []
  let at = 0
  trees.forEach((tree, t) => {
    starts[t] = at
    const start = at
    for (const node of tree) {
      ensemble.cover[at] = node.sums.rows
      ensemble.column[at] = node.split?.column ?? -1
      if (node.split) {
        const { column, bin, gain, isMissingLeft, leftBins } = node.split
        ensemble.gain[at] = gain
        ensemble.left[at] = start + node.left
        ensemble.missingLeft[at] = isMissingLeft ? 1 : 0
        if (leftBins) {
          ensemble.subset[at] = subsets.length / SUBSET_BYTES
          subsets.push(...bitsOf(leftBins))
        } else {
          // The bin above the last cut: everything that is there goes left.
          ensemble.threshold[at] = columns.features[column]!.cuts[bin - 1] ?? Number.MAX_VALUE
        }
      } else ensemble.value[at] = node.value * shrinkage
      at += 1
    }
  })
  starts[trees.length] = at
  return {
    inputs: {
      features: columns.features.map(({ name }) => name),
      categories: columns.categories,
    },
    base,
    starts,
    ...ensemble,
    subsets: Uint8Array.from(subsets),
  }
}

const emptyEnsemble = (size: number) => ({
  column: new Int32Array(size),
  threshold: new Float64Array(size),
  missingLeft: new Uint8Array(size),
  left: new Int32Array(size),
  subset: new Int32Array(size).fill(-1),
  value: new Float64Array(size),
  cover: new Int32Array(size),
  gain: new Float64Array(size),
})

function bitsOf(bins: readonly number[]): Uint8Array {
  const bits = new Uint8Array(SUBSET_BYTES)
  for (const bin of bins) bits[bin >> 3] = bits[bin >> 3]! | (1 << (bin & 7))
  return bits
}

/** Whether a row goes to the first child of node `at`. `x`: the number, or the bin of a level; NaN when it is not there. */
export function goesLeft(ensemble: TreeEnsemble, at: number, x: number): boolean {
  if (Number.isNaN(x)) return ensemble.missingLeft[at] === 1
  const subset = ensemble.subset[at]!
  if (subset < 0) return x <= ensemble.threshold[at]!
  return ((ensemble.subsets[subset * SUBSET_BYTES + (x >> 3)]! >> (x & 7)) & 1) === 1
}

/** Rows that go through all trees together, so that their values stay in the fastest memory. */
const BLOCK = 64

/** base + Σ values, one per row. `rows`: rows × columns as `encodeRows` gives them. */
export function scoreRows(ensemble: TreeEnsemble, rows: Float64Array, count: number): Float64Array {
  const { starts, column, left, value, threshold, subset, base } = ensemble
  const width = ensemble.inputs.features.length + ensemble.inputs.categories.length
  const score = new Float64Array(count).fill(base)
  for (let from = 0; from < count; from += BLOCK) {
    const to = Math.min(count, from + BLOCK)
    for (let t = 0; t + 1 < starts.length; t++) {
      const root = starts[t]!
      for (let r = from; r < to; r++) {
        let at = root
        for (let j = column[at]!; j >= 0; j = column[at]!) {
          const x = rows[r * width + j]!
          const isLeft =
            subset[at]! < 0 && x === x ? x <= threshold[at]! : goesLeft(ensemble, at, x)
          at = left[at]! + (isLeft ? 0 : 1)
        }
        score[r] = score[r]! + value[at]!
      }
    }
  }
  return score
}

/** Share of the whole gain that the splits by each input made; 0 for all when there is no split. */
export function gainImportance(ensemble: TreeEnsemble): Record<string, number> {
  const { inputs, column, gain } = ensemble
  const names = inputNames(inputs)
  const total = new Float64Array(names.length)
  // Taken as parts of the largest, so that no sum overflows.
  const largest = gain.reduce((most, value) => Math.max(most, value), 0)
  let all = 0
  column.forEach((j, at) => {
    if (j < 0 || largest === 0) return
    total[j] = total[j]! + gain[at]! / largest
    all += gain[at]! / largest
  })
  return Object.fromEntries(names.map((name, j) => [name, all > 0 ? total[j]! / all : 0]))
}

/** In the order of the columns. */
export const inputNames = ({ features, categories }: TreeInputs): string[] => [
  ...features,
  ...categories.map(({ name }) => name),
]

/**
 * Scores many rows by many trees in WebAssembly (`wasm/trees.as.ts`): values become bins first, then four rows walk down
 * side by side in as many steps as the tree is deep, without a branch that could be guessed wrongly (as in Lucchese et al.,
 * "QuickScorer", SIGIR 2015, the point is to be rid of those). The same bits as walking node by node.
 */
import { MAX_PAGES, openModule, PAGE, webAssembly } from './webassembly.ts'

/** Trees of numeric splits only; one entry per node. The children of a split are `left` and `left + 1`. */
export interface FlatTrees {
  /** First node of each tree, and at the end the number of nodes. */
  readonly starts: Int32Array
  /** −1 for a leaf. */
  readonly column: Int32Array
  /** x ≤ threshold goes left. */
  readonly threshold: Float64Array
  /** 1: NaN goes left. */
  readonly missingLeft: Uint8Array
  readonly left: Int32Array
  readonly value: Float64Array
  readonly columns: number
}

/** base + Σ values of leaves, one per row. `rows`: count × columns, row-major; NaN is missing. */
export type TreeScorer = (rows: Float64Array, count: number, base: number) => Float64Array

interface TreeExports {
  toBins(values: number, columns: number, rows: number, cuts: number, bins: number): void
  addTrees(
    bins: number,
    columns: number,
    rows: number,
    nodes: number,
    values: number,
    roots: number,
    depths: number,
    trees: number,
    scores: number,
  ): void
}

/** Rows at a time: their bins stay in the fastest memory while all trees pass over them. */
const STRIP = 256
const MAX_CUTS = 254
const MAX_COLUMNS = 4_096

/** Undefined when the module was not built, or the trees have more thresholds or columns than fit. */
export function createTreeScorer(trees: FlatTrees): TreeScorer | undefined {
  const module = openModule('trees')
  const cuts = thresholdsOf(trees)
  if (!module || !cuts || trees.columns === 0) return undefined
  const { columns, starts, value } = trees
  const count = starts.length - 1
  const at = layOut(columns, value.length, count)
  const pages = Math.ceil(at.bytes / PAGE)
  if (pages > MAX_PAGES) return undefined
  const memory = new webAssembly.Memory({ initial: pages, maximum: pages })
  const run = new webAssembly.Instance(module, { env: { memory } }).exports as TreeExports
  const { buffer } = memory
  cuts.forEach((own, j) => {
    new Float64Array(buffer, at.cuts + j * 2_048, 256).fill(Infinity).set(own)
  })
  new Float64Array(buffer, at.values, value.length).set(value)
  new Int32Array(buffer, at.roots, count).set(starts.subarray(0, count))
  new Int32Array(buffer, at.depths, count).set(depthsOf(trees))
  packNodes(trees, cuts, new DataView(buffer, at.nodes, value.length * 8))
  const input = new Float64Array(buffer, at.input, STRIP * columns)
  const scores = new Float64Array(buffer, at.scores, STRIP)
  return (rows, rowCount, base) => {
    const out = new Float64Array(rowCount)
    for (let from = 0; from < rowCount; from += STRIP) {
      const size = Math.min(STRIP, rowCount - from)
      input.set(rows.subarray(from * columns, (from + size) * columns))
      scores.fill(base)
      run.toBins(at.input, columns, size, at.cuts, at.bins)
      run.addTrees(
        at.bins,
        columns,
        size,
        at.nodes,
        at.values,
        at.roots,
        at.depths,
        count,
        at.scores,
      )
      out.set(scores.subarray(0, size), from)
    }
    return out
  }
}

function layOut(columns: number, nodes: number, trees: number) {
  let end = 0
  const place = (bytes: number): number => {
    const start = end
    end += Math.ceil(bytes / 64) * 64
    return start
  }
  return {
    nodes: place(nodes * 8),
    values: place(nodes * 8),
    cuts: place(columns * 2_048),
    input: place(STRIP * columns * 8),
    scores: place(STRIP * 8),
    roots: place(trees * 4),
    depths: place(trees * 4),
    bins: place(STRIP * columns),
    bytes: end,
  }
}

/** Every threshold of each column once, ascending; undefined when there are too many. */
function thresholdsOf({ column, threshold, columns }: FlatTrees): Float64Array[] | undefined {
  if (columns > MAX_COLUMNS) return undefined
  const sets = Array.from({ length: columns }, () => new Set<number>())
  column.forEach((j, at) => {
    if (j >= 0) sets[j]!.add(threshold[at]!)
  })
  if (sets.some((set) => set.size > MAX_CUTS)) return undefined
  return sets.map((set) => Float64Array.from(set).toSorted())
}

/** Most steps from the root of each tree; children come after their parents. */
function depthsOf({ starts, column, left }: FlatTrees): Int32Array {
  const depth = new Int32Array(column.length)
  return Int32Array.from({ length: starts.length - 1 }, (_, t) => {
    let most = 0
    for (let at = starts[t]!; at < starts[t + 1]!; at++) {
      if (column[at]! < 0) continue
      const below = depth[at]! + 1
      depth[left[at]!] = below
      depth[left[at]! + 1] = below
      most = Math.max(most, below)
    }
    return most
  })
}

function packNodes(trees: FlatTrees, cuts: readonly Float64Array[], view: DataView): void {
  const ranks = cuts.map((own) => new Map(Array.from(own, (cut, k) => [cut, k])))
  trees.column.forEach((j, at) => {
    const isLeaf = j < 0
    const rank = isLeaf ? 255 : ranks[j]!.get(trees.threshold[at]!)!
    const isMissingLeft = isLeaf || trees.missingLeft[at] === 1
    view.setUint16(at * 8, isLeaf ? 0 : j, true)
    // Taking one off turns bin 0 into 255, which is beyond every threshold.
    view.setUint8(at * 8 + 2, isMissingLeft ? 0 : 1)
    view.setUint8(at * 8 + 3, isLeaf ? 255 : rank + (isMissingLeft ? 1 : 0))
    view.setInt32(at * 8 + 4, isLeaf ? at : trees.left[at]!, true)
  })
}

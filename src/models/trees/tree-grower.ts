/**
 * Grows one tree leaf by leaf: the leaf whose best split gains most is split next (Shi, "Best-first decision tree learning",
 * 2007; Ke et al., "LightGBM", NIPS 2017). Of two new leaves the smaller one is counted, the other is parent minus it.
 */
import type { GradientHistograms, Scales } from '../../kernels/index.ts'
import type { Pacer } from '../pacer.ts'
import { findSplit, leafValue, type LeafSums, type Split, type SplitRules } from './tree-split.ts'

export interface GrowRules extends SplitRules {
  readonly maxLeaves: number
  readonly maxDepth: number
}

/** A node of a grown tree. The children of a split are `left` and `left + 1`. */
export interface GrownNode {
  readonly sums: LeafSums
  readonly depth: number
  /** Where its rows are in `order` while it is a leaf. */
  readonly from: number
  readonly to: number
  /** What the tree adds here; meaningful for leaves, and for a split what it would be without it. */
  readonly value: number
  split: Split | undefined
  left: number
  /** 256 flags, by bin of the split's column. */
  isLeft: Uint8Array | undefined
}

interface Growth {
  readonly histograms: GradientHistograms
  readonly rules: GrowRules
  readonly scales: Scales
  readonly pacer: Pacer
  /** Columns that a leaf may be split by. */
  readonly columnsOf: () => ArrayLike<number>
  readonly nodes: GrownNode[]
  /** Node that each slot holds the histogram of, −1 for none. */
  readonly owner: Int32Array
}

export interface GrowOptions {
  readonly histograms: GradientHistograms
  readonly slots: number
  readonly rules: GrowRules
  readonly scales: Scales
  /** The tree learns from the first this many of `order`. */
  readonly rows: number
  readonly columnsOf: () => ArrayLike<number>
}

/** The nodes, root first. Afterwards `order` holds the rows of each leaf side by side. */
export async function growTree(options: GrowOptions, pacer: Pacer): Promise<GrownNode[]> {
  const { histograms, slots, rules, scales, rows, columnsOf } = options
  const nodes: GrownNode[] = []
  const owner = new Int32Array(slots).fill(-1)
  const growth: Growth = { histograms, rules, scales, pacer, columnsOf, nodes, owner }
  await count(growth, 0, 0, rows)
  const sums = rootSums(histograms, rows)
  owner[0] = 0
  nodes.push(createNode(growth, sums, 0, 0, rows))
  search(growth, 0, 0)
  // Leaves that can be split, by node.
  let open = nodes[0]!.split ? [0] : []
  for (let leaves = 1; leaves < rules.maxLeaves && open.length > 0; leaves++) {
    let best = open[0]!
    for (const at of open) if (nodes[at]!.split!.gain > nodes[best]!.split!.gain) best = at
    const isLast = leaves + 1 === rules.maxLeaves
    await splitLeaf(growth, best, isLast)
    const { left } = nodes[best]!
    open = [...open.filter((at) => at !== best), left, left + 1].filter((at) => nodes[at]!.split)
    for (const at of [left, left + 1]) if (!nodes[at]!.split) release(owner, at)
  }
  for (const node of nodes) if (node.left < 0) node.split = undefined
  return nodes
}

function createNode(
  { rules, scales }: Growth,
  sums: LeafSums,
  depth: number,
  from: number,
  to: number,
): GrownNode {
  const value = leafValue(sums, rules.regularization, scales)
  return { sums, depth, from, to, value, split: undefined, left: -1, isLeft: undefined }
}

/** Any column holds every row once. */
function rootSums(histograms: GradientHistograms, rows: number): LeafSums {
  const cells = histograms.read(0)
  let gradient = 0
  let hessian = 0
  for (let at = 0; at < histograms.columnStart[1]! * 3; at += 3) {
    gradient += cells[at]!
    hessian += cells[at + 1]!
  }
  return { gradient, hessian, rows, low: -Infinity, high: Infinity }
}

function search({ histograms, rules, scales, columnsOf, nodes }: Growth, at: number, slot: number) {
  const node = nodes[at]!
  if (node.depth >= rules.maxDepth || node.sums.rows < 2 * rules.minLeafRows) return
  node.split = findSplit({ rules, scales, histograms, slot }, node.sums, columnsOf())
}

/** Parts the rows of a leaf and looks for the splits of both children. */
async function splitLeaf(growth: Growth, at: number, isLast: boolean): Promise<void> {
  const { histograms, nodes, owner, pacer, rules } = growth
  const node = nodes[at]!
  const split = node.split!
  node.isLeft = leftFlags(split, growth)
  const middle = node.from + histograms.partition(split.column, node.isLeft, node.from, node.to)
  const left = nodes.length
  node.left = left
  const depth = node.depth + 1
  nodes.push(
    createNode(growth, split.left, depth, node.from, middle),
    createNode(growth, split.right, depth, middle, node.to),
  )
  if (pacer.due((node.to - node.from) * 4)) await pacer.rest()
  const parentSlot = owner.indexOf(at)
  const isWorth = (child: number): boolean =>
    !isLast && depth < rules.maxDepth && nodes[child]!.sums.rows >= 2 * rules.minLeafRows
  if (!isWorth(left) && !isWorth(left + 1)) {
    if (parentSlot >= 0) owner[parentSlot] = -1
    return
  }
  const isLeftSmaller = split.left.rows <= split.right.rows
  const [small, large] = isLeftSmaller ? [left, left + 1] : [left + 1, left]
  const smallSlot = takeSlot(growth, parentSlot)
  await count(growth, smallSlot, nodes[small]!.from, nodes[small]!.to)
  owner[smallSlot] = small
  if (parentSlot >= 0) {
    histograms.subtract(parentSlot, smallSlot, parentSlot)
    owner[parentSlot] = large
  } else {
    const slot = takeSlot(growth, smallSlot)
    await count(growth, slot, nodes[large]!.from, nodes[large]!.to)
    owner[slot] = large
  }
  for (const child of [left, left + 1]) search(growth, child, owner.indexOf(child))
  if (pacer.due(histograms.columnStart.at(-1)! * 20)) await pacer.rest()
}

/** A free slot, or the one of the leaf that gains least: its histogram is counted again should its turn come. */
function takeSlot({ owner, nodes }: Growth, kept: number): number {
  const free = owner.indexOf(-1)
  if (free >= 0) return free
  let least = -1
  let leastGain = Infinity
  owner.forEach((node, slot) => {
    const gain = nodes[node]!.split?.gain ?? 0
    if (slot === kept || gain >= leastGain) return
    least = slot
    leastGain = gain
  })
  return least
}

function release(owner: Int32Array, node: number): void {
  const slot = owner.indexOf(node)
  if (slot >= 0) owner[slot] = -1
}

/** Multiply-adds' worth of one histogram update: far less than a plain one. */
const UPDATE_WORK = 0.15

async function count(growth: Growth, slot: number, from: number, to: number): Promise<void> {
  const { histograms, pacer } = growth
  const columns = histograms.columnStart.length - 1
  const strip = Math.max(1_024, Math.floor(4_000_000 / columns))
  histograms.clear(slot)
  for (let at = from; at < to; at += strip) {
    const end = Math.min(to, at + strip)
    histograms.add(slot, at, end)
    const work = histograms.runs === 'wasm' ? UPDATE_WORK : 4
    if (pacer.due((end - at) * columns * work)) await pacer.rest()
  }
}

function leftFlags(split: Split, { rules }: Growth): Uint8Array {
  const flags = new Uint8Array(256)
  if (split.column < rules.features) flags.fill(1, 1, split.bin + 1)
  else for (const bin of split.leftBins ?? []) flags[bin] = 1
  flags[0] = split.isMissingLeft ? 1 : 0
  return flags
}

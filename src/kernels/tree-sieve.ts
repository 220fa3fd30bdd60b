/** Trees of few leaves as the list of questions that `wasm/trees.shared.as.ts` asks of sixteen rows at once. */
import type { FlatTrees } from './tree-scorer.ts'

/** More than this many leaves are quicker to walk to. */
const MAX_SIEVED_LEAVES = 64

export interface Sieve {
  /** As in `wasm/trees.shared.as.ts`, but with places in `values` for addresses. */
  readonly program: readonly number[]
  /** Where the words of each tree begin. */
  readonly trees: readonly number[]
  /** Of leaves, in their order from left to right, tree after tree. */
  readonly values: readonly number[]
}

/** Undefined when a tree has too many leaves. */
export function sieveProgram(trees: FlatTrees, nodes: BigUint64Array): Sieve | undefined {
  const { starts, value } = trees
  const program: number[] = []
  const begins: number[] = []
  const values: number[] = []
  for (let t = 0; t + 1 < starts.length; t++) {
    const { leaves, splits } = leavesOf(trees, starts[t]!)
    if (leaves.length > MAX_SIEVED_LEAVES) return undefined
    begins.push(program.length)
    const bytes = Math.ceil(leaves.length / 8)
    program.push(values.length, bytes)
    for (const leaf of leaves) values.push(value[leaf]!)
    for (let first = (bytes - 1) * 8; first >= 0; first -= 8) {
      const own = splits.filter(({ from, to }) => from < first + 8 && to > first)
      program.push(own.length)
      for (const { at, from, to } of own) {
        const struck = maskOf(Math.max(0, from - first), Math.min(8, to - first))
        const question = Number(nodes[at]! & 0xff00_ffffn)
        // Table and column, last bin, bits that stay.
        program.push(
          ((question & 0xffff) | ((question >>> 24) << 16) | ((~struck & 255) << 24)) >>> 0,
        )
      }
    }
  }
  return { program, trees: begins, values }
}

const maskOf = (from: number, to: number): number => ((1 << to) - 1) & ~((1 << from) - 1)

interface SievedSplit {
  readonly at: number
  /** Places of the leaves on its left side, `to` not among them. */
  readonly from: number
  to: number
}

/** Leaves of a tree from left to right, and its splits. */
function leavesOf({ column, left }: FlatTrees, root: number) {
  const leaves: number[] = []
  const splits: SievedSplit[] = []
  // A split comes twice: before its left side and, to be closed, after it.
  const open: (number | SievedSplit)[] = [root]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next === 'object') next.to = leaves.length
    else if (column[next]! < 0) leaves.push(next)
    else {
      const split = { at: next, from: leaves.length, to: 0 }
      splits.push(split)
      open.push(left[next]! + 1, split, left[next]!)
    }
  }
  return { leaves, splits }
}

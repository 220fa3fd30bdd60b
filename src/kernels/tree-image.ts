/** What lies where in the memory of a tree scorer, and the trees in it: written once, then only read. */
import { GRID_BYTES, writeGrid } from './tree-grid.ts'
import { sieveProgram } from './tree-sieve.ts'
import type { FlatTrees } from './tree-scorer.ts'

/** Rows of a strip. As in `wasm/trees.shared.as.ts`. */
export const STRIP = 256
const MAX_CUTS = 254
/** Twice what the cuts take: a search may look beyond them. */
const CUT_BYTES = 4_096
const MAX_COLUMNS = 4_096
const JOB_WORDS = 12
/** Of a job: rows. */
export const JOB_ROWS = 1

/** A memory for `strips` strips of rows and so many threads. */
export interface TreeLayout {
  readonly job: number
  readonly input: number
  readonly scores: number
  readonly scratchOf: (thread: number) => number
  readonly bytes: number
  /** Writes trees and job. */
  readonly fill: (buffer: ArrayBufferLike) => void
}

export type TreeImage = (strips: number, threads: number) => TreeLayout

/** Undefined when the trees have more thresholds or columns than fit. */
export function imageOf(trees: FlatTrees): TreeImage | undefined {
  const cuts = thresholdsOf(trees)
  const { columns, starts } = trees
  if (!cuts || columns === 0) return undefined
  const nodes = packNodes(trees, cuts)
  const sieve = sieveProgram(trees, nodes)
  const count = starts.length - 1
  return (strips, threads) => {
    const at = layOut(
      { columns, trees: count, nodes: nodes.length, strips, threads },
      sieve?.program,
    )
    const { job, input, scores, scratch, scratchBytes, bytes } = at
    const fill = (buffer: ArrayBufferLike): void => {
      cuts.forEach((own, j) => {
        new Float64Array(buffer, at.cuts + j * CUT_BYTES, CUT_BYTES / 8).fill(Infinity).set(own)
        writeGrid(own, new DataView(buffer, at.grids + j * GRID_BYTES, GRID_BYTES))
      })
      new Float64Array(buffer, at.values, nodes.length).set(sieve?.values ?? trees.value)
      if (sieve) {
        const program = new Uint32Array(buffer, at.program, sieve.program.length)
        program.set(sieve.program)
        for (const tree of sieve.trees) program[tree] = at.values + program[tree]! * 8
      } else {
        new BigUint64Array(buffer, at.nodes, nodes.length).set(nodes)
        new Int32Array(buffer, at.roots, count).set(starts.subarray(0, count))
        new Int32Array(buffer, at.depths, count).set(depthsOf(trees))
      }
      const program = sieve ? at.program : 0
      const places = [at.cuts, at.grids, at.values, program, at.nodes, at.roots, at.depths]
      new Uint32Array(buffer, job, JOB_WORDS).set([columns, 0, count, input, scores, ...places])
    }
    return {
      job,
      input,
      scores,
      scratchOf: (thread) => scratch + thread * scratchBytes,
      bytes,
      fill,
    }
  }
}

interface Sizes {
  readonly columns: number
  readonly trees: number
  readonly nodes: number
  readonly strips: number
  readonly threads: number
}

function layOut({ columns, trees, nodes, strips, threads }: Sizes, program?: readonly number[]) {
  // Address 0 says that there is nothing.
  let end = 64
  const place = (bytes: number): number => {
    const start = end
    end += Math.ceil(bytes / 64) * 64
    return start
  }
  const walked = program ? 0 : 1
  const scratchBytes = 64 + 2 * STRIP * columns
  return {
    scratchBytes,
    job: place(JOB_WORDS * 4),
    nodes: place(walked * nodes * 8),
    roots: place(walked * trees * 4),
    depths: place(walked * trees * 4),
    program: place((program?.length ?? 0) * 4),
    values: place(nodes * 8),
    cuts: place(columns * CUT_BYTES),
    grids: place(columns * GRID_BYTES),
    scratch: place(threads * scratchBytes),
    scores: place(strips * STRIP * 8),
    input: place(strips * STRIP * columns * 8),
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

/** A node in the words of `wasm/trees.shared.as.ts`. The table of a split is the one that has what is missing on its side. */
function packNodes(trees: FlatTrees, cuts: readonly Float64Array[]): BigUint64Array {
  const ranks = cuts.map((own) => new Map(Array.from(own, (cut, k) => [cut, k])))
  const nodes = new BigUint64Array(trees.column.length)
  const view = new DataView(nodes.buffer)
  trees.column.forEach((j, at) => {
    const isLeaf = j < 0
    const table = isLeaf || trees.missingLeft[at] === 1 ? 0 : trees.columns
    view.setUint16(at * 8, isLeaf ? 0 : table + j, true)
    view.setUint8(at * 8 + 3, isLeaf ? 255 : ranks[j]!.get(trees.threshold[at]!)! + 1)
    view.setInt32(at * 8 + 4, isLeaf ? at : trees.left[at]!, true)
  })
  return nodes
}

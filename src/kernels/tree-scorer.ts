/**
 * Scores many rows by many trees in WebAssembly (`wasm/trees.shared.as.ts`). Values become bins first. Trees of few leaves are
 * not walked: every split is asked for sixteen rows at once and strikes out the leaves that they cannot reach (Lucchese et al.,
 * "QuickScorer", SIGIR 2015; by bytes of leaves as Ye et al., "RapidScorer", KDD 2018). In larger trees four rows walk down
 * side by side in as many steps as the tree is deep. Neither has a branch that could be guessed wrongly, and both give the
 * same bits as walking node by node, on any number of threads.
 */
import type { RangeKernel } from './pool/range-task.ts'
import { openTeam } from './pool/team.ts'
import { imageOf, JOB_ROWS, STRIP, type TreeImage } from './tree-image.ts'
import { MAX_PAGES, openModule, PAGE, webAssembly, type SharedMemory } from './webassembly.ts'

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

/** Rows × trees from which on threads are started for a call: a tenth of a second, several times what starting takes. */
const THREADED_WORK = 25_000_000
/** Bytes of rows that threads work on at a time. */
const BLOCK_BYTES = 2 ** 22

export interface ScorerOptions {
  /** ≥ 1 (default), the calling one included; the others live as long as a call of many rows. */
  readonly threads?: number
  /** Rows × trees of such a call, at least. */
  readonly threadedWork?: number
}

/** Undefined when the module was not built, or the trees have more thresholds or columns than fit. */
export function createTreeScorer(
  trees: FlatTrees,
  { threads = 1, threadedWork = THREADED_WORK }: ScorerOptions = {},
): TreeScorer | undefined {
  const module = openModule('trees')
  const image = imageOf(trees)
  if (!module || !image) return undefined
  const { columns, starts } = trees
  const few = openStrips(image, columns, 1)
  if (!few) return undefined
  const { scoreStrips } = new webAssembly.Instance(module, { env: { memory: few.memory } })
    .exports as { readonly scoreStrips: RangeKernel }
  const { job, scratchOf } = few.layout
  const alone = (): void => scoreStrips(job, 0, 1, scratchOf(0), 0)
  const blockStrips = Math.max(4 * threads, Math.floor(BLOCK_BYTES / (STRIP * columns * 8)))
  return (rows, count, base) => {
    const isLong = threads > 1 && count * (starts.length - 1) >= threadedWork
    const many = isLong ? openStrips(image, columns, blockStrips, threads) : undefined
    if (!many) return few.score(rows, count, base, alone)
    const { memory, layout } = many
    const team = openTeam({
      module,
      memory,
      kernels: ['scoreStrips'],
      threads,
      scratchOf: layout.scratchOf,
    })
    try {
      return many.score(rows, count, base, (strips) => {
        team.run('scoreStrips', layout.job, { from: 0, to: strips, ranges: 8 * threads })
      })
    } finally {
      team.close()
    }
  }
}

/** A memory with the trees and room for some strips; undefined when that is more than one memory holds. */
function openStrips(image: TreeImage, columns: number, strips: number, threads = 1) {
  const layout = image(strips, threads)
  const pages = Math.ceil(layout.bytes / PAGE)
  if (pages > MAX_PAGES) return undefined
  const memory: SharedMemory = new webAssembly.Memory({
    initial: pages,
    maximum: pages,
    shared: true,
  })
  const { buffer } = memory
  layout.fill(buffer)
  const room = strips * STRIP
  const job = new Uint32Array(buffer, layout.job, JOB_ROWS + 1)
  const input = new Float64Array(buffer, layout.input, room * columns)
  const scores = new Float64Array(buffer, layout.scores, room)
  return {
    memory,
    layout,
    /** As much as there is room for at a time. `run` adds the trees to the scores of so many strips. */
    score(rows: Float64Array, count: number, base: number, run: (strips: number) => void) {
      const out = new Float64Array(count)
      for (let from = 0; from < count; from += room) {
        const size = Math.min(room, count - from)
        input.set(rows.subarray(from * columns, (from + size) * columns))
        scores.fill(base)
        job[JOB_ROWS] = size
        run(Math.ceil(size / STRIP))
        out.set(scores.subarray(0, size), from)
      }
      return out
    },
  }
}

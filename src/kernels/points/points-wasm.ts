/** `Points` on WebAssembly SIMD and many threads (`wasm/points.shared.as.ts`), in one memory of its own that never grows. */
import { MOST_PARTS, rangesOf } from '../pool/ranges.ts'
import { openTeam } from '../pool/team.ts'
import { MAX_PAGES, openModule, PAGE, webAssembly } from '../webassembly.ts'
import { BLOCK, blocksOf, GROUPS, layOutPoints } from './points-memory.ts'
import { addParts } from './points-sums.ts'
import type { ClusterSums, Points, PointsShape } from './points.ts'

const KERNELS = ['assign', 'assignByBounds', 'measure', 'addUp', 'weigh', 'lower'] as const

/** 32-bit words of a job, as in `wasm/points.shared.as.ts`. */
const JOB = {
  count: 9,
  blocks: 10,
  errorShare: 12,
  largestNorm: 13,
  chosen: 14,
  groupBlocks: 19,
  remembers: 20,
  groupMask: 21,
} as const

/** While more rows than this change their center, bounds spare too little. */
const CALM_SHARE = 0.1

/** Rounding unit of single precision. */
const UNIT = 2 ** -24

function openMemory(shape: PointsShape) {
  const module = openModule('points')
  const at = layOutPoints(shape)
  const pages = Math.ceil(at.bytes / PAGE)
  if (!module || pages > MAX_PAGES) return undefined
  const { rows, threads = 1 } = shape
  const memory = new webAssembly.Memory({ initial: pages, maximum: pages, shared: true })
  const { buffer } = memory
  const words = new Uint32Array(buffer, at.job, 32)
  const { stride, values, weights, cluster, distance, centers, packed, halfNorms, parts } = at
  words.set([stride, values, weights, cluster, distance, centers, packed, halfNorms, parts])
  words[11] = at.partBytes
  words.set([at.bounds, at.upper, at.moves, at.groupMoves], 15)
  words[22] = at.changed
  const scratchOf = (thread: number): number => at.scratch + thread * at.scratchBytes
  const blocks = blocksOf(shape.centers)
  return {
    at,
    words,
    shares: new Float32Array(buffer, at.job, 16),
    team: openTeam({ module, memory, kernels: KERNELS, threads, scratchOf }),
    values: new Float32Array(buffer, values, rows * stride),
    weights: new Float64Array(buffer, weights, rows).fill(1),
    cluster: new Int32Array(buffer, cluster, rows),
    distance: new Float64Array(buffer, distance, rows),
    centers: new Float64Array(buffer, centers, shape.centers * stride),
    packed: new Float32Array(buffer, packed, blocks * BLOCK * stride),
    halfNorms: new Float32Array(buffer, halfNorms, blocks * BLOCK),
    parts: new Float64Array(buffer, parts, at.partsLength),
    moves: new Float32Array(buffer, at.moves, shape.centers),
    groupMoves: new Float32Array(buffer, at.groupMoves, GROUPS),
    changed: new Int32Array(buffer, at.changed, MOST_PARTS),
  }
}

type Opened = NonNullable<ReturnType<typeof openMemory>>

/** Undefined when the module was not built or the shape does not fit into one WebAssembly memory. */
export function createWasmPoints(shape: PointsShape): Points | undefined {
  const opened = openMemory(shape)
  if (!opened) return undefined
  const { rows, columns } = shape
  const { at, team, words, parts } = opened
  const { stride } = at
  let count = 0
  // Bounds are made by `assign` where it remembers, and kept by `assignByBounds`.
  let assign: 'assign' | 'assignByBounds' = 'assign'
  let changed = 0
  const run = (kernel: (typeof KERNELS)[number], from: number, to: number, work: number) =>
    team.run(kernel, at.job, { from, to, ranges: rangesOf(to - from, work) })
  return {
    rows,
    columns,
    stride,
    values: opened.values,
    weights: opened.weights,
    cluster: opened.cluster,
    distance: opened.distance,
    runs: 'wasm',
    setCenters(centers) {
      count = columns === 0 ? 1 : centers.length / columns
      setCenters(opened, centers, count, columns)
      assign = 'assign'
      words[JOB.remembers] = 0
    },
    moveCenters(centers) {
      noteMoves(opened, centers, count, columns)
      setCenters(opened, centers, count, columns)
      const isCalm = shape.keepsBounds === true && changed <= CALM_SHARE * rows
      assign = isCalm && words[JOB.remembers] === 1 ? 'assignByBounds' : 'assign'
      words[JOB.remembers] = isCalm ? 1 : 0
      changed = 0
    },
    assign(from, to) {
      const ranges = run(assign, from, to, words[JOB.blocks]! * BLOCK * stride).length - 1
      for (let range = 0; range < ranges; range++) changed += opened.changed[range]!
    },
    measure: (from, to) => void run('measure', from, to, stride),
    addUp: (from, to) => void run('addUp', from, to, stride),
    takeSums: () => takeSums(opened, count, columns),
    weigh(costs, from, to) {
      const ranges = run('weigh', from, to, stride * count).length - 1
      for (let range = 0; range < ranges; range++) {
        const first = (range * at.partBytes) / 8
        for (let c = 0; c < count; c++) costs[c]! += parts[first + c]!
        parts.fill(0, first, first + count)
      }
    },
    lower(center, from, to) {
      words[JOB.chosen] = center
      run('lower', from, to, stride)
    },
    close: () => team.close(),
  }
}

function setCenters(opened: Opened, given: Float64Array, count: number, columns: number): void {
  const { at, words, shares, centers, packed, halfNorms } = opened
  const { stride } = at
  const blocks = blocksOf(count)
  packed.fill(0, 0, blocks * BLOCK * stride)
  halfNorms.fill(Infinity, 0, blocks * BLOCK)
  let largest = 0
  for (let c = 0; c < count; c++) {
    const block = Math.floor(c / BLOCK) * BLOCK * stride + (c % BLOCK)
    let squares = 0
    for (let j = 0; j < columns; j++) {
      const x = given[c * columns + j]!
      centers[c * stride + j] = x
      packed[block + j * BLOCK] = x
      squares += x * x
    }
    halfNorms[c] = squares / 2
    largest = Math.max(largest, Math.sqrt(squares))
  }
  words[JOB.count] = count
  words[JOB.blocks] = blocks
  const groupBlocks = Math.ceil(blocks / GROUPS)
  words[JOB.groupBlocks] = groupBlocks
  words[JOB.groupMask] = 2 ** Math.ceil(blocks / groupBlocks) - 1
  // A rounding for each product and sum, and for the center, its norm, the bound itself: half of it would do.
  shares[JOB.errorShare] = 2 * (stride + 8) * UNIT
  shares[JOB.largestNorm] = largest
}

/** More than rounding to single precision takes off. */
const MORE = 1 + 1e-6

/** How far each center goes, and the farthest of each group. */
function noteMoves(opened: Opened, next: Float64Array, count: number, columns: number): void {
  const { at, words, centers, moves, groupMoves } = opened
  const groupSize = words[JOB.groupBlocks]! * BLOCK
  groupMoves.fill(0)
  for (let c = 0; c < count; c++) {
    let squares = 0
    for (let j = 0; j < columns; j++) {
      squares += (next[c * columns + j]! - centers[c * at.stride + j]!) ** 2
    }
    moves[c] = Math.sqrt(squares) * MORE
    const group = Math.floor(c / groupSize)
    groupMoves[group] = Math.max(groupMoves[group]!, moves[c]!)
  }
}

function takeSums({ at, parts }: Opened, count: number, columns: number): ClusterSums {
  const length = at.partBytes / 8
  const own = Array.from({ length: MOST_PARTS }, (_, range) =>
    parts.subarray(range * length, (range + 1) * length),
  )
  const sums = addParts(own, count, columns, at.stride)
  parts.fill(0)
  return sums
}

/** What lies where in the memory of points on WebAssembly. Counted before anything is allocated. */
import { MOST_PARTS } from '../pool/ranges.ts'
import type { PointsShape } from './points.ts'

/** Centers that lie side by side, and groups of them with a bound of their own; as in `wasm/points.shared.as.ts`. */
export const BLOCK = 8
export const GROUPS = 16
const JOB_BYTES = 128

const align = (bytes: number): number => Math.ceil(bytes / 64) * 64

export const strideOf = (columns: number): number => Math.max(4, Math.ceil(columns / 4) * 4)

/** Blocks of so many centers; they go in pairs. */
export const blocksOf = (centers: number): number => 2 * Math.ceil(centers / (2 * BLOCK))

/** Byte addresses of every part; `bytes` is the sum of all. */
export function layOutPoints({
  rows,
  columns,
  centers,
  threads = 1,
  keepsBounds = false,
}: PointsShape) {
  const stride = strideOf(columns)
  const blocks = blocksOf(centers)
  const bounded = keepsBounds ? rows : 0
  const partBytes = align(centers * (stride + 2) * 8)
  const scratchBytes = align(GROUPS * 8 + 2 * blocks * BLOCK * 4)
  // The lowest addresses stay unused.
  let end = 1_024
  const place = (bytes: number): number => {
    const at = end
    end = align(end + bytes)
    return at
  }
  return {
    stride,
    partBytes,
    scratchBytes,
    job: place(JOB_BYTES),
    scratch: place(threads * scratchBytes),
    centers: place(centers * stride * 8),
    packed: place(blocks * BLOCK * stride * 4),
    halfNorms: place(blocks * BLOCK * 4),
    parts: place(MOST_PARTS * partBytes),
    partsLength: (MOST_PARTS * partBytes) / 8,
    values: place(rows * stride * 4),
    weights: place(rows * 8),
    cluster: place(rows * 4),
    distance: place(rows * 8),
    bounds: place(bounded * GROUPS * 4),
    upper: place(bounded * 4),
    moves: place(centers * 4),
    groupMoves: place(GROUPS * 4),
    changed: place(MOST_PARTS * 4),
    bytes: end,
  }
}

/** Bytes of points of this shape. */
export const pointsBytes = (shape: PointsShape): number => layOutPoints(shape).bytes

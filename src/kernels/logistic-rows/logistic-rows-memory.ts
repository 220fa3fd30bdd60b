/** What lies where in the memory of logistic rows on WebAssembly. Counted before anything is allocated. */
import { MOST_PARTS } from '../pool/ranges.ts'
import type { LogisticRowsShape } from './logistic-rows.ts'

const JOB_BYTES = 64
/** Scores of a block of rows, and one more. */
const SCRATCH_BYTES = 576
/** Doubles of a part before the slopes of the columns: losses of even and odd rows, slope of the intercept, nothing. */
export const HEAD = 4

const align = (bytes: number): number => Math.ceil(bytes / 64) * 64

export const strideOf = (columns: number): number => Math.ceil(columns / 4) * 4

/** Multiply-adds of a row: products, slopes, and the loss, which costs as much as so many. */
export const workOf = (stride: number): number => 2 * stride + 40

/** Byte addresses of every part; `bytes` is the sum of all. */
export function layOutLogisticRows(shape: LogisticRowsShape) {
  const { rows, columns, levels, entries, threads = 1 } = shape
  const stride = strideOf(columns)
  const partBytes = align((HEAD + stride + levels) * 8)
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
    scratchBytes: SCRATCH_BYTES,
    job: place(JOB_BYTES),
    scratch: place(threads * SCRATCH_BYTES),
    point: place((stride + levels) * 8),
    parts: place(MOST_PARTS * partBytes),
    values: place(rows * stride * 8),
    // A row more: losses go in pairs.
    labels: place((rows + 1) * 8),
    weights: place((rows + 1) * 8),
    starts: place((rows + 1) * 4),
    entries: place(entries * 4),
    bytes: end,
  }
}

/** Bytes of logistic rows of this shape. */
export const logisticRowsBytes = (shape: LogisticRowsShape): number =>
  layOutLogisticRows(shape).bytes

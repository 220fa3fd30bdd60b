/** What lies where in the memory of histograms on WebAssembly. Counted before anything is allocated. */
import type { HistogramShape } from './histograms.ts'

/** Bytes of the 256 cells of a column in a part, and of a cell; as in `wasm/histograms.shared.as.ts`. */
const COLUMN_BYTES = 4_096
export const CELL_BYTES = 16
/** Parts that the rows of one call are added up in, side by side. */
export const PARTS = 4
/** Most ranges that rows are parted in, three numbers each. */
export const SPLITS = 16
/** Doubles of the best cut of a column. */
export const CUT_LENGTH = 7
/** Bytes of rows of input that are binned at a time, at most, but for one row that is longer. */
const INPUT_BYTES = 2 ** 20
const SCRATCH_BYTES = 65_536
const JOB_BYTES = 192

const align = (bytes: number): number => Math.ceil(bytes / 64) * 64

/** Byte addresses of every part; `bytes` is the sum of all. */
export function layOutHistograms(shape: HistogramShape) {
  const { rows, columnBins, slots, threads = 1, inputColumns = 0 } = shape
  const cells = columnBins.reduce((sum, bins) => sum + bins, 0)
  const columns = columnBins.length
  const stride = Math.ceil(columns / 8) * 8
  const inputRows = Math.min(rows, Math.max(1, Math.floor(INPUT_BYTES / 8 / (inputColumns || 1))))
  // The lowest addresses stay unused.
  let end = 1_024
  const place = (bytes: number): number => {
    const at = end
    end = align(end + bytes)
    return at
  }
  return {
    cells,
    stride,
    inputRows,
    job: place(JOB_BYTES),
    offsets: place((columns + 1) * 4),
    list: place(columns * 4),
    cuts: place(columns * CUT_LENGTH * 8),
    splits: place(SPLITS * 12),
    isLeft: place(256),
    positions: place(columns * 4),
    limits: place(inputColumns * 2_048),
    input: place(inputRows * inputColumns * 8),
    out: place(cells * 24),
    parts: place(PARTS * stride * COLUMN_BYTES),
    scratch: place(threads * SCRATCH_BYTES),
    slots: place(slots * cells * CELL_BYTES),
    gradients: place(rows * 8),
    hessians: place(rows * 8),
    // A row more: the logistic loss reads two at a time.
    scores: place((rows + 1) * 8),
    labels: place((rows + 1) * 8),
    weights: place((rows + 1) * 8),
    pairs: place(rows * 16),
    order: place(rows * 4),
    left: place(rows * 4),
    right: place(rows * 4),
    columnBins: place(rows * columns),
    rowBins: place(rows * stride),
    bytes: end,
  }
}

/** Bytes of histograms of this shape. */
export const histogramBytes = (shape: HistogramShape): number => layOutHistograms(shape).bytes

/** Address of the scratch of a thread. */
export const scratchAt = (at: { readonly scratch: number }, thread: number): number =>
  at.scratch + thread * SCRATCH_BYTES

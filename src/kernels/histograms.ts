/**
 * Histograms of gradients over binned columns: the inner loop of learning trees (Ke et al., "LightGBM", NIPS 2017,
 * algorithm 1). Gradients and hessians are rounded to whole numbers first, about 32 and up to 30 bits of them (Shi et al.,
 * "Quantized training of gradient boosting decision trees", NeurIPS 2022, shows that 3 to 5 bits are enough), so every sum
 * is exact: the same whatever the order or the number of threads, and a sibling by subtraction equals the one counted.
 *
 * Two implementations give the same numbers, held by `histograms.test.ts`: `histograms-wasm.ts` (AssemblyScript, SIMD, threads) and
 * `histograms-reference.ts` (plain TypeScript, where the WebAssembly file was not built or memory would pass 4 GiB).
 */
import { createReferenceHistograms } from './histograms-reference.ts'
import type { Scales } from './histogram-scales.ts'
import { createWasmHistograms } from './histograms-wasm.ts'

export interface HistogramShape {
  /** 1 to 2²⁶ − 1. */
  readonly rows: number
  /** Bins of each column, 1 to 256; a column's bins are 0 to that − 1. */
  readonly columnBins: readonly number[]
  /** Histograms held at once. */
  readonly slots: number
  /** Threads that share the work, the calling one included; they change no bit. Default 1. */
  readonly threads?: number
  /** Most columns of what `binValues` is given, and 0 for none. Default 0. */
  readonly inputColumns?: number
}

/** Rows of numbers that are to become bins. */
export interface BinInput {
  /** Rows × width, row-major. */
  readonly values: Float64Array
  readonly width: number
  /** Where the column of each bin is among the `width`. */
  readonly positions: ArrayLike<number>
  /** Row number of the first of them. */
  readonly from: number
}

/** Ranges are positions in `order`, `from` inclusive, `to` exclusive, so that a caller can take turns off between them. */
export interface GradientHistograms {
  /** columns × rows, column-major; zero at first. The caller fills it, also by `binValues`, then calls `pack`. */
  readonly bins: Uint8Array
  /** Row numbers; the caller fills it, `partition` reorders ranges of it. */
  readonly order: Int32Array
  /** One per row; the caller fills both, then calls `quantize`. Hessians are ≥ 0. */
  readonly gradients: Float64Array
  readonly hessians: Float64Array
  /** One per row, for `deriveLogistic` and `addToScores`; the caller fills all three. */
  readonly scores: Float64Array
  readonly labels: Float64Array
  readonly weights: Float64Array
  /** Where each column's cells begin in what `read` gives. */
  readonly columnStart: Int32Array
  /** Which implementation runs. */
  readonly runs: 'wasm' | 'typescript'
  /**
   * Writes the bins of the first `limits.length` columns for some rows: 0 for what is not finite, else 1 + how many limits
   * are below it. `limits`: of each column, ascending, at most 255.
   */
  binValues(input: BinInput, limits: readonly Float64Array[]): void
  /** To be called once, when all bins are there. */
  pack(): void
  /** Rounds the gradients of rows `from` to `to` to whole multiples of 1 / scale. */
  quantize(scales: Scales, from: number, to: number): void
  /**
   * Instead of filling and rounding gradients: those of the logistic loss of rows `from` to `to`, v (p − y) and
   * v p (1 − p) with p = 1 / (1 + e^−score). No gradient is above the largest weight, no hessian above a quarter of it.
   */
  deriveLogistic(scales: Scales, from: number, to: number): void
  /** Adds a number to the scores of the rows at a range of `order`. */
  addToScores(step: number, from: number, to: number): void
  clear(slot: number): void
  /** Adds the rows of a range to a histogram. */
  add(slot: number, from: number, to: number): void
  /** out = parent − child, cell by cell. `out` may be either. */
  subtract(parent: number, child: number, out: number): void
  /**
   * The cells of a histogram, column after column, three numbers each: gradient · scale, hessian · scale, rows. Valid until
   * the next call.
   */
  read(slot: number): Float64Array
  /** Rows in bin 0 of a column. */
  missingRows(slot: number, column: number): number
  /**
   * The best cut of some columns: bins 1 to `bin` left, the others right, bin 0 on either side. Undefined when none scores
   * above `least`. Of equal ones the first by place in `columns`, then by bin, bin 0 on the right before the left. Sums are
   * multiplied by their scale.
   */
  bestCut(
    slot: number,
    columns: ArrayLike<number>,
    wanted: CutRules,
    least: number,
  ): Cut | undefined
  /**
   * Puts the rows of a range whose bin in `column` has isLeft[bin] = 1 before the others, both sides in their old order.
   * Returns how many they are. `isLeft`: 256 values, 0 or 1.
   */
  partition(column: number, isLeft: Uint8Array, from: number, to: number): number
  /** Ends the threads. Nothing may be called after it. */
  close(): void
}

/** What both sides of a cut must fulfil, and the sums of all rows of the histogram. */
export interface CutRules {
  readonly gradient: number
  readonly hessian: number
  readonly rows: number
  /** λ, added to the hessians of each side. */
  readonly lambda: number
  readonly minRows: number
  readonly minHessian: number
}

export interface Cut {
  readonly column: number
  /** G² / (H + λ) of the left side plus that of the right one. */
  readonly score: number
  readonly bin: number
  readonly isMissingLeft: boolean
  /** Sums of the left side. */
  readonly gradient: number
  readonly hessian: number
  readonly rows: number
}

/** The fastest implementation at hand. */
export function createHistograms(shape: HistogramShape): GradientHistograms {
  return createWasmHistograms(shape) ?? createReferenceHistograms(shape)
}

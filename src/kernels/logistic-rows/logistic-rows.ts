/**
 * The logistic loss of many rows and its slopes, the inner loop of logistic regression. A row has some dense columns and a list
 * of levels, each of which counts as a column that is 1 (`sparse` inputs cost what they hold, not what they could hold):
 *
 *   s_r = b + β·z_r + Σ w[level],   loss = Σ_r v_r (log(1 + e^{s_r}) − y_r s_r),   slopes: sums of v_r (p_r − y_r) times the inputs
 *
 * Two implementations give the same bits, held by `logistic-rows.test.ts`: `logistic-rows-wasm.ts` (AssemblyScript, SIMD,
 * threads) and `logistic-rows-reference.ts` (plain TypeScript, where the WebAssembly file was not built or memory would pass
 * 4 GiB). Sums are made in parts that depend on the rows alone and added in their order, so the number of threads changes no
 * bit. All is double precision.
 */
import { createReferenceLogisticRows } from './logistic-rows-reference.ts'
import { createWasmLogisticRows } from './logistic-rows-wasm.ts'

export interface LogisticRowsShape {
  readonly rows: number
  readonly columns: number
  /** Distinct levels. */
  readonly levels: number
  /** Levels of all rows together. */
  readonly entries: number
  /** Threads that share the work, the calling one included; they change no bit. Default 1. */
  readonly threads?: number
}

export interface LogisticRows {
  /** Columns and up to three zeros: the length of a row in `values`. */
  readonly stride: number
  /** rows × stride, row-major; zero at first. The caller fills the first `columns` of each row with finite numbers. */
  readonly values: Float64Array
  /** One per row, 0 or 1. */
  readonly labels: Float64Array
  /** v, one per row; 1 at first. */
  readonly weights: Float64Array
  /** The levels of row r are `entries` from `starts[r]` to `starts[r + 1]`. */
  readonly starts: Uint32Array
  readonly entries: Uint32Array
  /** Which implementation runs. */
  readonly runs: 'wasm' | 'typescript'
  /** Where losses are taken from now on: b, then β, then w. Copied. */
  setPoint(point: Float64Array): void
  /** Adds rows `from` (inclusive) to `to` (exclusive) to the sums; a caller can take turns off between ranges. */
  add(from: number, to: number): void
  /** Writes the slopes, in the order of the point, and returns the loss; both begin anew. */
  take(slopes: Float64Array): number
  /** Ends the threads. Nothing may be called after it. */
  close(): void
}

/** The fastest implementation at hand. */
export function createLogisticRows(shape: LogisticRowsShape): LogisticRows {
  return createWasmLogisticRows(shape) ?? createReferenceLogisticRows(shape)
}

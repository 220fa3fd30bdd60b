/**
 * Rows as points, and which of some centers is the nearest: the inner loops of k-means. Rows are kept in single precision;
 * every distance and every sum that is handed out is computed from them in double precision. The nearest center is found by
 * scores in single precision with a bound on their error (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed.,
 * equation 3.5); centers that it does not tell apart are compared in double precision, so the answer is exact.
 *
 * Two implementations give the same bits, held by `points.test.ts`: `points-wasm.ts` (AssemblyScript, SIMD, threads) and
 * `points-reference.ts` (plain TypeScript, where the WebAssembly file was not built or memory would pass 4 GiB). Sums are made
 * in parts that depend on the rows alone and added in their order, so the number of threads changes no bit.
 */
import { createReferencePoints } from './points-reference.ts'
import { createWasmPoints } from './points-wasm.ts'

export interface PointsShape {
  readonly rows: number
  readonly columns: number
  /** Most centers at once, ≥ 1. */
  readonly centers: number
  /** Threads that share the work, the calling one included; they change no bit. Default 1. */
  readonly threads?: number
  /**
   * Whether what `assign` learned of a row spares it centers after `moveCenters`, for 68 bytes a row; changes no bit.
   * Default false.
   */
  readonly keepsBounds?: boolean
}

/** Ranges are rows, `from` inclusive, `to` exclusive, so that a caller can take turns off between them. */
export interface Points {
  readonly rows: number
  readonly columns: number
  /** Columns and up to three zeros: the length of a row in `values`. */
  readonly stride: number
  /** rows × stride, row-major; zero at first. The caller fills the first `columns` of each row with finite numbers. */
  readonly values: Float32Array
  /** One per row, > 0; 1 at first. */
  readonly weights: Float64Array
  /** Center of each row; 0 at first. `assign` writes it, and so may the caller. */
  readonly cluster: Int32Array
  /** Squared distances, one per row: see `measure` and `lower`. */
  readonly distance: Float64Array
  /** Which implementation runs. */
  readonly runs: 'wasm' | 'typescript'
  /** The centers of all calls to come, count × columns; copied. */
  setCenters(centers: Float64Array): void
  /**
   * The same after the centers have moved. Since the last call of either, `assign` must have seen every row, and nobody else
   * may have written `cluster`.
   */
  moveCenters(centers: Float64Array): void
  /** Writes the nearest center of each row into `cluster`; of equally near ones the first. */
  assign(from: number, to: number): void
  /** Writes the squared distance to the center of `cluster` into `distance`. */
  measure(from: number, to: number): void
  /** Adds the rows to the sums of their `cluster`. */
  addUp(from: number, to: number): void
  /** What `addUp` added since the last call, which begins anew. */
  takeSums(): ClusterSums
  /** Adds to `costs`, for each center, Σ weight · min(distance, squared distance to that center). */
  weigh(costs: Float64Array, from: number, to: number): void
  /** Lowers `distance` to the squared distance to one center, where that is less. */
  lower(center: number, from: number, to: number): void
  /** Ends the threads. Nothing may be called after it. */
  close(): void
}

export interface ClusterSums {
  /** Σ weight · row, centers × columns. */
  readonly total: Float64Array
  /** Σ weight. */
  readonly mass: Float64Array
  /** Rows. */
  readonly size: Int32Array
}

/** The fastest implementation at hand. */
export function createPoints(shape: PointsShape): Points {
  return createWasmPoints(shape) ?? createReferencePoints(shape)
}

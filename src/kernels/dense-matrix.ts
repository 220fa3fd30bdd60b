/**
 * A matrix of doubles that the hot loops of the learners run over. Two implementations give the same bits, held by
 * `dense-matrix.test.ts`: `dense-wasm.ts` (AssemblyScript, SIMD) and `dense-reference.ts` (plain TypeScript, used where
 * the WebAssembly file was not built or the matrix is too large for one WebAssembly memory).
 */
import { createReferenceMatrix } from './dense-reference.ts'
import { createWasmMatrix } from './dense-wasm.ts'

/** Row ranges are `from` inclusive, `to` exclusive; callers cut long runs into ranges so that they can take turns off. */
export interface DenseMatrix {
  readonly rows: number
  readonly columns: number
  /** rows × columns, row-major; zero at first. The caller fills it; it stays valid as long as the matrix. */
  readonly values: Float64Array
  /** Which implementation runs. */
  readonly runs: 'wasm' | 'typescript'
  /** out[r − from] = Σⱼ values[r, j] · vector[j]. */
  multiply(vector: Float64Array, out: Float64Array, from: number, to: number): void
  /** out[j] += Σᵣ scale[r − from] · values[r, j]. */
  addTransposed(scale: Float64Array, out: Float64Array, from: number, to: number): void
  /** gram[i, j] += Σᵣ scale[r − from] · values[r, i] · values[r, j], for j ≤ i (lower triangle, columns × columns). */
  addGram(scale: Float64Array, gram: Float64Array, from: number, to: number): void
  /**
   * For each row the nearest of `centers` (count × columns) by squared distance; of equally near ones the first.
   * Writes index[r − from] and distance[r − from] (squared).
   */
  nearest(
    centers: Float64Array,
    count: number,
    index: Int32Array,
    distance: Float64Array,
    from: number,
    to: number,
  ): void
}

/** The fastest implementation at hand. */
export function createDenseMatrix(rows: number, columns: number): DenseMatrix {
  return createWasmMatrix(rows, columns) ?? createReferenceMatrix(rows, columns)
}

/**
 * Features on one scale: z = (x − mean) / deviation, with the mean and population deviation of the values that are there.
 * A missing or infinite value becomes the mean (z = 0); a column that is constant or all missing is 0 everywhere, so that
 * no weight of it ever counts.
 */
import { createDenseMatrix, type DenseMatrix } from '../kernels/index.ts'
import { columnPositions, sortedNames } from './dataset.ts'
import type { FeatureMatrix } from './model.ts'
import { stripRows, type Pacer } from './pacer.ts'

export interface Standardizer {
  /** Sorted; the order of all that follows. */
  readonly names: readonly string[]
  readonly mean: Float64Array
  /** 0 for a constant column. */
  readonly deviation: Float64Array
}

/** |z| ≤ √rows in training, so only values far outside what was seen are cut; keeps every later sum finite. */
export const MAX_Z = 1e9

/** Two passes over the values: range and mean, then deviation. One more where values are extreme. */
export async function fitStandardizer(matrix: FeatureMatrix, pacer: Pacer): Promise<Standardizer> {
  const names = sortedNames(matrix.names)
  const values = valuesOf(matrix, columnPositions(matrix, names), pacer)
  const size = names.length
  const count = new Float64Array(size)
  const low = new Float64Array(size).fill(Infinity)
  const high = new Float64Array(size).fill(-Infinity)
  const scale = new Float64Array(size).fill(1)
  const sum = new Float64Array(size)
  await values((j, x) => {
    count[j] = count[j]! + 1
    sum[j] = sum[j]! + x
    if (x < low[j]!) low[j] = x
    if (x > high[j]!) high[j] = x
  })
  if (setScales(low, high, scale)) {
    sum.fill(0)
    await values((j, x) => (sum[j] = sum[j]! + x / scale[j]!))
  }
  const mean = sum.map((total, j) => (count[j] === 0 ? 0 : total / count[j]!))
  const squares = new Float64Array(size)
  // What the rounding of the mean left over (Chan, Golub and LeVeque 1983, equation 1.7).
  const correction = new Float64Array(size)
  await values((j, x) => {
    const difference = x / scale[j]! - mean[j]!
    squares[j] = squares[j]! + difference * difference
    correction[j] = correction[j]! + difference
  })
  const isConstant = (j: number): boolean => count[j] === 0 || low[j] === high[j]
  return {
    names,
    mean: mean.map((value, j) => (count[j]! > 0 && isConstant(j) ? low[j]! : value * scale[j]!)),
    deviation: squares.map((total, j) => {
      if (isConstant(j)) return 0
      const variance = (total - correction[j]! ** 2 / count[j]!) / count[j]!
      return Math.sqrt(Math.max(0, variance)) * scale[j]!
    }),
  }
}

/**
 * Where squares or sums of a column could overflow or underflow, the power of two to divide by, which changes no digit.
 * True when there is such a column.
 */
function setScales(low: Float64Array, high: Float64Array, scale: Float64Array): boolean {
  let isAny = false
  for (let j = 0; j < scale.length; j++) {
    const largest = Math.max(Math.abs(low[j]!), Math.abs(high[j]!))
    if (!Number.isFinite(largest) || largest === 0) continue
    if (largest >= 1e-100 && largest <= 1e100) continue
    // The logarithm of the largest double rounds up to 1024, whose power would be infinite.
    scale[j] = 2 ** Math.min(1023, Math.floor(Math.log2(largest)))
    isAny = true
  }
  return isAny
}

/** A pass over every value that is there, with the index of its column in `positions`. */
function valuesOf(matrix: FeatureMatrix, positions: Int32Array, pacer: Pacer) {
  const { rows, values } = matrix
  const stride = matrix.names.length
  const stripLength = stripRows(4 * stride)
  return async (visit: (j: number, x: number) => void): Promise<void> => {
    for (let from = 0; from < rows; from += stripLength) {
      const to = Math.min(rows, from + stripLength)
      for (let r = from; r < to; r++) {
        for (let j = 0; j < stride; j++) {
          const x = values[r * stride + positions[j]!]!
          if (Number.isFinite(x)) visit(j, x)
        }
      }
      if (pacer.due((to - from) * stride * 4)) await pacer.rest()
    }
  }
}

/** The training rows, standardized, where the kernels can read them. */
export async function standardizedCopy(
  standardizer: Standardizer,
  matrix: FeatureMatrix,
  pacer: Pacer,
): Promise<DenseMatrix> {
  const columns = standardizer.names.length
  const copy = createDenseMatrix(matrix.rows, columns)
  const stride = matrix.names.length
  const stripLength = stripRows(8 * stride)
  for (let from = 0; from < matrix.rows; from += stripLength) {
    const to = Math.min(matrix.rows, from + stripLength)
    const values = matrix.values.subarray(from * stride, to * stride)
    const strip = { names: matrix.names, rows: to - from, values }
    standardize(standardizer, strip, copy.values.subarray(from * columns, to * columns))
    if (pacer.due((to - from) * stride * 8)) await pacer.rest()
  }
  return copy
}

/**
 * Writes rows × names.length standardized values, row-major, into `out`. `onMissing` hears of every value that was not
 * there.
 */
export function standardize(
  standardizer: Standardizer,
  matrix: FeatureMatrix,
  out: Float64Array,
  onMissing?: (row: number, name: string) => void,
): void {
  const { names, mean, deviation } = standardizer
  const positions = columnPositions(matrix, names)
  const stride = matrix.names.length
  const columns = names.length
  for (let r = 0; r < matrix.rows; r++) {
    for (let j = 0; j < columns; j++) {
      const x = matrix.values[r * stride + positions[j]!]!
      const d = deviation[j]!
      let z = 0
      if (!Number.isFinite(x)) onMissing?.(r, names[j]!)
      else if (d > 0) z = Math.max(-MAX_Z, Math.min(MAX_Z, (x - mean[j]!) / d))
      out[r * columns + j] = z
    }
  }
}

/** A standardized value in the original unit. */
export const unstandardize = (standardizer: Standardizer, j: number, z: number): number =>
  standardizer.mean[j]! + z * standardizer.deviation[j]!

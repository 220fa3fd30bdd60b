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
const MAX_Z = 1e9

/** Three passes over the values: their range, their mean, their deviation. */
export async function fitStandardizer(matrix: FeatureMatrix, pacer: Pacer): Promise<Standardizer> {
  const names = sortedNames(matrix.names)
  const positions = columnPositions(matrix, names)
  const columns = Array.from(names, () => ({ ...emptyColumn }))
  await eachValue(matrix, positions, pacer, (j, x) => {
    const column = columns[j]!
    column.count += 1
    if (x < column.low) column.low = x
    if (x > column.high) column.high = x
  })
  for (const column of columns) {
    // A power of two, so that dividing by it changes no digit; keeps sums and squares from overflow and underflow.
    const largest = Math.max(Math.abs(column.low), Math.abs(column.high))
    const isExtreme = column.count > 0 && (largest > 1e100 || largest < 1e-100) && largest > 0
    // The logarithm of the largest double rounds up to 1024, whose power would be infinite.
    if (isExtreme) column.scale = 2 ** Math.min(1023, Math.floor(Math.log2(largest)))
  }
  await eachValue(matrix, positions, pacer, (j, x) => {
    const column = columns[j]!
    column.sum += x / column.scale
  })
  // The second pass corrects for the rounding of the mean (Chan, Golub and LeVeque 1983, equation 1.7).
  await eachValue(matrix, positions, pacer, (j, x) => {
    const column = columns[j]!
    const difference = x / column.scale - column.sum / column.count
    column.squares += difference * difference
    column.correction += difference
  })
  return {
    names,
    mean: Float64Array.from(columns, meanOf),
    deviation: Float64Array.from(columns, deviationOf),
  }
}

const emptyColumn = {
  count: 0,
  low: Infinity,
  high: -Infinity,
  scale: 1,
  sum: 0,
  squares: 0,
  correction: 0,
}
type ColumnSums = typeof emptyColumn

function meanOf({ count, low, high, sum, scale }: ColumnSums): number {
  if (count === 0) return 0
  return low === high ? low : (sum / count) * scale
}

function deviationOf({ count, low, high, squares, correction, scale }: ColumnSums): number {
  if (count === 0 || low === high) return 0
  return Math.sqrt(Math.max(0, (squares - (correction * correction) / count) / count)) * scale
}

/** Every value that is there, with the index of its column in `positions`. */
async function eachValue(
  matrix: FeatureMatrix,
  positions: Int32Array,
  pacer: Pacer,
  visit: (j: number, x: number) => void,
): Promise<void> {
  const stride = matrix.names.length
  const stripLength = stripRows(8 * stride)
  for (let from = 0; from < matrix.rows; from += stripLength) {
    const to = Math.min(matrix.rows, from + stripLength)
    for (let r = from; r < to; r++) {
      for (let j = 0; j < positions.length; j++) {
        const x = matrix.values[r * stride + positions[j]!]!
        if (Number.isFinite(x)) visit(j, x)
      }
    }
    if (pacer.due((to - from) * stride * 8)) await pacer.rest()
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

/**
 * Features on one scale: z = (x − mean) / deviation, with the mean and population deviation of the values that are there.
 * A missing or infinite value becomes the mean (z = 0); a column that is constant or all missing is 0 everywhere, so that
 * no weight of it ever counts.
 */
import { createDenseMatrix, type DenseMatrix, type Points } from '../kernels/index.ts'
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
  const stride = matrix.names.length
  const count = new Float64Array(size)
  const low = new Float64Array(size).fill(Infinity)
  const high = new Float64Array(size).fill(-Infinity)
  const scale = new Float64Array(size).fill(1)
  const sum = new Float64Array(size)
  await values((j, strip, at) => {
    let [seen, total, least, most] = [count[j]!, sum[j]!, low[j]!, high[j]!]
    for (let i = at; i < strip.length; i += stride) {
      const x = strip[i]!
      // The difference is not zero for NaN and infinities.
      if (x - x !== 0) continue
      seen += 1
      total += x
      if (x < least) least = x
      if (x > most) most = x
    }
    count[j] = seen
    sum[j] = total
    low[j] = least
    high[j] = most
  })
  if (setScales(low, high, scale)) {
    sum.fill(0)
    await values((j, strip, at) => {
      for (let i = at; i < strip.length; i += stride) {
        const x = strip[i]!
        if (x - x === 0) sum[j] = sum[j]! + x / scale[j]!
      }
    })
  }
  const mean = sum.map((total, j) => (count[j] === 0 ? 0 : total / count[j]!))
  const squares = new Float64Array(size)
  // What the rounding of the mean left over (Chan, Golub and LeVeque 1983, equation 1.7).
  const correction = new Float64Array(size)
  await values((j, strip, at) => {
    const [unit, middle] = [scale[j]!, mean[j]!]
    let [total, left] = [squares[j]!, correction[j]!]
    for (let i = at; i < strip.length; i += stride) {
      const x = strip[i]!
      if (x - x !== 0) continue
      const difference = x / unit - middle
      total += difference * difference
      left += difference
    }
    squares[j] = total
    correction[j] = left
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

/** A pass over all values by strips of rows: a column of `positions`, the strip, where the column begins in it. */
function valuesOf(matrix: FeatureMatrix, positions: Int32Array, pacer: Pacer) {
  const { rows, values } = matrix
  const stride = matrix.names.length
  const stripLength = stripRows(4 * stride)
  return async (visit: (j: number, strip: Float64Array, at: number) => void): Promise<void> => {
    for (let from = 0; from < rows; from += stripLength) {
      const to = Math.min(rows, from + stripLength)
      const strip = values.subarray(from * stride, to * stride)
      for (let j = 0; j < stride; j++) visit(j, strip, positions[j]!)
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

/** The training rows, standardized, as points in single precision. */
export function standardizeInto(
  standardizer: Standardizer,
  matrix: FeatureMatrix,
  { values, columns, stride }: Points,
  pacer: Pacer,
): Promise<void> {
  return eachStandardized(standardizer, matrix, pacer, (r, rows, at) => {
    for (let j = 0; j < columns; j++) values[r * stride + j] = rows[at + j]!
  })
}

/** Calls with the number of each row and where it begins in an array of standardized ones, valid until the next call. */
export async function eachStandardized(
  standardizer: Standardizer,
  matrix: FeatureMatrix,
  pacer: Pacer,
  visit: (row: number, rows: Float64Array, at: number) => void,
): Promise<void> {
  const columns = standardizer.names.length
  const width = matrix.names.length
  const stripLength = stripRows(12 * width)
  const scratch = new Float64Array(stripLength * columns)
  for (let from = 0; from < matrix.rows; from += stripLength) {
    const to = Math.min(matrix.rows, from + stripLength)
    const values = matrix.values.subarray(from * width, to * width)
    standardize(standardizer, { names: matrix.names, rows: to - from, values }, scratch)
    for (let r = from; r < to; r++) visit(r, scratch, (r - from) * columns)
    if (pacer.due((to - from) * width * 12)) await pacer.rest()
  }
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
  const { rows, values } = matrix
  for (let r = 0; r < rows; r++) {
    for (let j = 0; j < columns; j++) {
      const x = values[r * stride + positions[j]!]!
      const d = deviation[j]!
      let z = 0
      if (x - x !== 0) onMissing?.(r, names[j]!)
      else if (d > 0) {
        z = (x - mean[j]!) / d
        if (z > MAX_Z) z = MAX_Z
        else if (z < -MAX_Z) z = -MAX_Z
      }
      out[r * columns + j] = z
    }
  }
}

/** A standardized value in the original unit. */
export const unstandardize = (standardizer: Standardizer, j: number, z: number): number =>
  standardizer.mean[j]! + z * standardizer.deviation[j]!

/**
 * Training rows as the kernel of logistic regression takes them. Features are dense columns of standardized values; but one of
 * zeros and few ones is a level like those of categories, listed where it is 1. Its standardized value is (x − m) / d, so
 *
 *   β z = (β / d) x − β m / d
 *
 * and the scale goes into the weight: nobody writes or reads the zeros.
 */
import { availableParallelism } from 'node:os'
import { createLogisticRows, type LogisticRows } from '../../kernels/index.ts'
import { canonicalCategories, columnPositions } from '../dataset.ts'
import type { CategoryColumn, Dataset, FeatureMatrix } from '../model.ts'
import { stripRows, type Pacer } from '../pacer.ts'
import { eachStandardized, fitStandardizer, type Standardizer } from '../standardizer.ts'

/** A column of zeros with at most so many ones is listed: four bytes for each one, where a dense value has eight. */
const LISTED_SHARE = 0.25

export interface LogisticDesign {
  readonly rows: LogisticRows
  readonly standardizer: Standardizer
  readonly categories: readonly CategoryColumn[]
  /** Where each category's weights begin in the vector of unknowns: [intercept, β, w_1, w_2, …]. */
  readonly offsets: readonly number[]
  /** Length of the vector of unknowns. */
  readonly size: number
  /** Features, by their place in the standardizer: the columns of the kernel, and its last levels. */
  readonly dense: Int32Array
  readonly listed: Int32Array
}

/** To be closed. */
export async function openDesign(data: Dataset, pacer: Pacer): Promise<LogisticDesign> {
  const { matrix } = data
  const standardizer = await fitStandardizer(matrix, pacer)
  const { listed, ones } = await findListed(matrix, standardizer.names, pacer)
  const isListed = new Set(listed)
  const all = standardizer.names.map((_, j) => j)
  const dense = Int32Array.from(all.filter((j) => !isListed.has(j)))
  const categories = canonicalCategories(data.categories)
  const offsets: number[] = []
  let size = 1 + standardizer.names.length
  for (const { levels } of categories) {
    offsets.push(size)
    size += levels.length
  }
  const known = categories.reduce(
    (sum, { codes }) => codes.reduce((count, code) => count + (code < 0 ? 0 : 1), sum),
    0,
  )
  const rows = createLogisticRows({
    rows: matrix.rows,
    columns: dense.length,
    levels: size - 1 - dense.length,
    entries: known + ones,
    threads: availableParallelism(),
  })
  const design = { rows, standardizer, categories, offsets, size, dense, listed }
  await fillValues(design, matrix, pacer)
  await listLevels(design, matrix, pacer)
  return design
}

/** Columns of zeros and few ones, and how many ones they have together. */
async function findListed(matrix: FeatureMatrix, names: readonly string[], pacer: Pacer) {
  const { rows, values } = matrix
  const width = matrix.names.length
  const positions = columnPositions(matrix, names)
  const counts = new Int32Array(names.length)
  let left = Int32Array.from(positions.keys())
  const isOut = new Uint8Array(names.length)
  const strip = stripRows(2 * width)
  for (let from = 0; from < rows && left.length > 0; from += strip) {
    const to = Math.min(rows, from + strip)
    for (let r = from; r < to; r++) {
      for (const j of left) {
        const x = values[r * width + positions[j]!]!
        if (x === 1) counts[j] = counts[j]! + 1
        else if (x !== 0) isOut[j] = 1
      }
    }
    if (pacer.due((to - from) * left.length * 2)) await pacer.rest()
    left = left.filter((j) => isOut[j] === 0)
  }
  const listed = left.filter((j) => counts[j]! <= LISTED_SHARE * rows)
  return { listed, ones: listed.reduce((sum, j) => sum + counts[j]!, 0) }
}

async function fillValues(
  { rows, standardizer, dense }: LogisticDesign,
  matrix: FeatureMatrix,
  pacer: Pacer,
): Promise<void> {
  if (dense.length === 0) return
  const pick = (values: Float64Array): Float64Array => Float64Array.from(dense, (j) => values[j]!)
  const own: Standardizer = {
    names: Array.from(dense, (j) => standardizer.names[j]!),
    mean: pick(standardizer.mean),
    deviation: pick(standardizer.deviation),
  }
  const { values, stride } = rows
  const columns = dense.length
  await eachStandardized(own, matrix, pacer, (r, from, at) => {
    for (let j = 0; j < columns; j++) values[r * stride + j] = from[at + j]!
  })
}

/** The levels of each row: those of its categories, then the features that are 1. */
async function listLevels(
  { rows, standardizer, categories, offsets, size, dense, listed }: LogisticDesign,
  matrix: FeatureMatrix,
  pacer: Pacer,
): Promise<void> {
  const { starts, entries } = rows
  const width = matrix.names.length
  const positions = columnPositions(matrix, standardizer.names)
  const features = standardizer.names.length
  const first = size - 1 - dense.length - listed.length
  const strip = stripRows(2 * listed.length + 4 * categories.length + 4)
  let end = 0
  for (let r = 0; r < matrix.rows; r++) {
    categories.forEach(({ codes }, c) => {
      if (codes[r]! >= 0) entries[end++] = offsets[c]! - 1 - features + codes[r]!
    })
    for (let l = 0; l < listed.length; l++) {
      if (matrix.values[r * width + positions[listed[l]!]!] === 1) entries[end++] = first + l
    }
    starts[r + 1] = end
    if (r % strip === 0 && pacer.due(strip * (2 * listed.length + 4 * categories.length + 4))) {
      await pacer.rest()
    }
  }
}

/** The unknowns as the kernel takes them: intercept, dense columns, levels of categories, listed columns. */
export function kernelPoint(design: LogisticDesign, at: Float64Array, point: Float64Array): void {
  const { standardizer, dense, listed } = design
  const features = standardizer.names.length
  dense.forEach((j, place) => (point[1 + place] = at[1 + j]!))
  point.set(at.subarray(1 + features), 1 + dense.length)
  let intercept = at[0]!
  listed.forEach((j, l) => {
    const weight = scaled(at[1 + j]!, standardizer.deviation[j]!)
    point[at.length - listed.length + l] = weight
    intercept -= weight * standardizer.mean[j]!
  })
  point[0] = intercept
}

/** Slopes of the kernel's numbers as slopes of the unknowns. */
export function unknownSlopes(
  design: LogisticDesign,
  slopes: Float64Array,
  gradient: Float64Array,
): void {
  const { standardizer, dense, listed } = design
  const features = standardizer.names.length
  const size = gradient.length
  gradient[0] = slopes[0]!
  dense.forEach((j, place) => (gradient[1 + j] = slopes[1 + place]!))
  gradient.set(slopes.subarray(1 + dense.length, size - listed.length), 1 + features)
  listed.forEach((j, l) => {
    const slope = slopes[size - listed.length + l]! - standardizer.mean[j]! * slopes[0]!
    gradient[1 + j] = scaled(slope, standardizer.deviation[j]!)
  })
}

/** A column that is constant says nothing. */
const scaled = (value: number, deviation: number): number => (deviation > 0 ? value / deviation : 0)

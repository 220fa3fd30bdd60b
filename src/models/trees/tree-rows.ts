/** Rows to predict as one table of numbers, in the order of the columns of the trees. */
import { categoryValues, checkMatrix, columnPositions } from '../dataset.ts'
import type { PredictInput, Unknown } from '../model.ts'
import { collectUnknowns, type UnknownCollector } from '../unknowns.ts'
import type { TreeInputs } from './tree-ensemble.ts'

export interface EncodedRows {
  /** rows × columns, row-major: numbers, and the bins of levels; NaN is missing or unknown. May be the input's own. */
  readonly values: Float64Array
  readonly unknown: Unknown
}

export type RowEncoder = (input: PredictInput) => EncodedRows

/** The encoder throws MODEL_INVALID_DATA when a column of the model is not in the input. */
export function createRowEncoder({ features, categories }: TreeInputs): RowEncoder {
  const binOf = categories.map(
    ({ levels, binOf: bins }) => new Map(levels.map((level, code) => [level, bins[code]!])),
  )
  return (input) => {
    checkMatrix(input.matrix)
    const { rows, names, values: given } = input.matrix
    const width = features.length + categories.length
    const positions = columnPositions(input.matrix, features)
    const unknowns = collectUnknowns(rows)
    const isInOrder = width === names.length && positions.every((position, j) => position === j)
    if (isInOrder && isUsable(given, features, unknowns)) {
      return { values: given, unknown: unknowns.rows }
    }
    const values = new Float64Array(rows * width)
    for (let r = 0; r < rows; r++) {
      for (let j = 0; j < features.length; j++) {
        const x = given[r * names.length + positions[j]!]!
        const isThere = Number.isFinite(x)
        if (!isThere) unknowns.add(r, features[j]!)
        values[r * width + j] = isThere ? x : Number.NaN
      }
    }
    categories.forEach(({ name }, c) => {
      const texts = categoryValues(input, name)
      for (let r = 0; r < rows; r++) {
        const text = texts[r] ?? null
        const bin = text === null ? undefined : binOf[c]!.get(text)
        // Bin 0: only an earlier version had rows of the level.
        if (!bin) unknowns.add(r, name)
        values[r * width + features.length + c] = bin || Number.NaN
      }
    })
    return { values, unknown: unknowns.rows }
  }
}

/**
 * Whether rows that come in the order of the trees can be scored as they are, without a copy: there is no infinity among them.
 * Then what is missing is in `unknowns`, else nothing is.
 */
function isUsable(
  values: Float64Array,
  features: readonly string[],
  unknowns: UnknownCollector,
): boolean {
  if (isAllFinite(values)) return true
  for (let at = 0; at < values.length; at++) {
    if (Math.abs(values[at]!) === Infinity) return false
  }
  const width = features.length
  for (let at = 0; at < values.length; at++) {
    if (Number.isNaN(values[at]!)) unknowns.add(Math.floor(at / width), features[at % width]!)
  }
  return true
}

const ZERO = 0

/** Four sums side by side, none waiting for another: what is not finite makes its sum NaN. */
function isAllFinite(values: Float64Array): boolean {
  let [a, b, c, d] = [0, 0, 0, 0]
  const end = values.length - (values.length % 4)
  for (let at = 0; at < end; at += 4) {
    a += values[at]! * ZERO
    b += values[at + 1]! * ZERO
    c += values[at + 2]! * ZERO
    d += values[at + 3]! * ZERO
  }
  for (let at = end; at < values.length; at++) a += values[at]! * ZERO
  return a + b + c + d === 0
}

/** Rows to predict as one table of numbers, in the order of the columns of the trees. */
import { categoryValues, checkMatrix, columnPositions } from '../dataset.ts'
import type { PredictInput, Unknown } from '../model.ts'
import { collectUnknowns } from '../unknowns.ts'
import type { TreeInputs } from './tree-ensemble.ts'

export interface EncodedRows {
  /** rows × columns, row-major: numbers, and the bins of levels; NaN is missing or unknown. */
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
    const values = new Float64Array(rows * width)
    const unknowns = collectUnknowns(rows)
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

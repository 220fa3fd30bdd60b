/** How much each row teaches: checked when it is read, so that one wrong number never becomes a wrong model. */
import { quote } from '../core/index.ts'
import { trainingError } from './errors.ts'
import type { ModelSpec } from './model-spec.ts'

/** Sums of squares of larger ones overflow; no count or amount that people weigh by comes near. */
const MOST = 1e100

/**
 * The rows that count, and their weights: a row of weight 0 is left out, as if it were not there.
 *
 * @param weight one per row of the frame; undefined: all count 1
 * @param placeOf says which row it is, for a person
 * Throws TRAINING_INVALID_WEIGHT for a weight that is missing, negative or not finite.
 */
export function weighRows(
  spec: ModelSpec,
  weight: Float64Array | undefined,
  rows: Int32Array,
  placeOf: (row: number) => string,
): { readonly rows: Int32Array; readonly weight?: Float64Array } {
  if (weight === undefined) return { rows }
  const at = (row: number): number => weight[row] ?? Number.NaN
  const bad = rows.find((row) => !(at(row) >= 0 && at(row) <= MOST))
  if (bad !== undefined) {
    const value = Number.isNaN(at(bad)) ? 'missing' : String(at(bad))
    throw trainingError(
      'TRAINING_INVALID_WEIGHT',
      `the weight ${quote(spec.weight ?? '')} of ${placeOf(bad)} is ${value}, and ${spec.name} needs a number from 0 to ${MOST}: train on batches after it, or weigh by a column that is declared z.number().min(0)`,
      { details: { model: spec.name, weight: spec.weight, row: placeOf(bad) } },
    )
  }
  const counting = rows.filter((row) => at(row) > 0)
  return { rows: counting, weight: Float64Array.from(counting, at) }
}

/** Rows as the engine gives them, one column of which is how much they count. */
interface Table {
  readonly rows: number
  readonly names: readonly string[]
  readonly values: Float64Array
}

/** Takes the column of the weights out of the features. Without one the table stays as it is. */
export function takeWeight<Rows extends Table>(
  table: Rows,
  name: string | undefined,
): Rows & { readonly weight?: Float64Array } {
  if (name === undefined) return table
  const { rows, names, values } = table
  const out = names.indexOf(name)
  const columns = names.length
  const kept = new Float64Array(rows * (columns - 1))
  const weight = new Float64Array(rows)
  for (let row = 0; row < rows; row += 1) {
    const [from, to] = [row * columns, row * (columns - 1)]
    kept.set(values.subarray(from, from + out), to)
    kept.set(values.subarray(from + out + 1, from + columns), to + out)
    weight[row] = values[from + out] ?? Number.NaN
  }
  return { ...table, names: names.toSpliced(out, 1), values: kept, weight }
}

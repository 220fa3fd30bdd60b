/** From a frame (features room) to what models take: row subsets, category codes, scored predictions. */
import type { Frame } from '../features/index.ts'
import {
  parseParams,
  type CategoryColumn,
  type Dataset,
  type FeatureMatrix,
  type Fitted,
  type ModelKind,
  type PredictInput,
} from '../models/index.ts'
import type { ModelSpec } from './model-spec.ts'
import { weighRows } from './row-weights.ts'

/** Indexes of the rows for which `keep` is true. */
export function rowsWhere(count: number, keep: (row: number) => boolean): Int32Array {
  const rows: number[] = []
  for (let row = 0; row < count; row += 1) if (keep(row)) rows.push(row)
  return Int32Array.from(rows)
}

/**
 * The labelled training data of some rows of a frame; those of weight 0 are left out. Throws TRAINING_INVALID_WEIGHT.
 *
 * @param earlier levels by category of the version before, which keep their codes
 */
export function datasetOf(
  frame: Frame,
  of: Int32Array,
  spec: ModelSpec,
  earlier?: ReadonlyMap<string, readonly string[]>,
): Dataset {
  const { rows, weight } = weighRows(
    spec,
    frame.weight,
    of,
    (row) => `the record at partition ${frame.partition[row]}, offset ${frame.offset[row]}`,
  )
  return {
    ...(weight && { weight }),
    matrix: matrixOf(frame, rows),
    categories: spec.inputs.categories.map((name) =>
      encodeCategory(name, textsOf(frame, rows, name), earlier?.get(name)),
    ),
    label: pick(frame.label ?? new Float64Array(frame.rows), rows),
  }
}

export function inputOf(frame: Frame, rows: Int32Array, spec: ModelSpec): PredictInput {
  const categories: Record<string, (string | null)[]> = {}
  for (const name of spec.inputs.categories) categories[name] = textsOf(frame, rows, name)
  return { matrix: matrixOf(frame, rows), categories }
}

export const labelsOf = (frame: Frame, rows: Int32Array): Float64Array =>
  pick(frame.label ?? new Float64Array(frame.rows), rows)

/** Probability of 1 or the value clipped to the declared range: what serving would answer. */
export function scoresOf(fitted: Fitted, input: PredictInput, spec: ModelSpec): Float64Array {
  if (fitted.task === 'classifier') return fitted.predictProba(input).probability
  if (fitted.task === 'regressor') return clip(fitted.predict(input).value, spec.range)
  throw new TypeError(`a ${fitted.task} has no scores`)
}

function clip(values: Float64Array, range: ModelSpec['range']): Float64Array {
  if (range === undefined) return values
  const [low, high] = range
  return values.map((value) => Math.min(high, Math.max(low, value)))
}

function matrixOf(frame: Frame, rows: Int32Array): FeatureMatrix {
  const columns = frame.names.length
  const values = new Float64Array(rows.length * columns)
  for (const [target, row] of rows.entries()) {
    values.set(frame.values.subarray(row * columns, (row + 1) * columns), target * columns)
  }
  return { names: frame.names, rows: rows.length, values }
}

const pick = (values: Float64Array, rows: Int32Array): Float64Array =>
  Float64Array.from(rows, (row) => values[row] ?? Number.NaN)

function textsOf(frame: Frame, rows: Int32Array, name: string): (string | null)[] {
  const texts = frame.categories[name] ?? []
  return Array.from(rows, (row) => texts[row] ?? null)
}

/** Codes in the order of first appearance, which is the order of event time: the same rows give the same codes. */
function encodeCategory(
  name: string,
  texts: readonly (string | null)[],
  earlier: readonly string[] | undefined,
): CategoryColumn {
  const codeOf = new Map<string, number>()
  const codes = new Int32Array(texts.length)
  for (const [row, text] of texts.entries()) {
    if (text === null) {
      codes[row] = -1
      continue
    }
    let code = codeOf.get(text)
    if (code === undefined) {
      code = codeOf.size
      codeOf.set(text, code)
    }
    codes[row] = code
  }
  return { name, levels: [...codeOf.keys()], codes, ...(earlier && { earlier }) }
}

/** Most memory of a fit by its rows, bytes. */
export function fitBytesOf(
  frame: Frame,
  kind: ModelKind,
  { inputs, params }: Pick<ModelSpec, 'inputs' | 'params'>,
): (rows: number) => number {
  const levels = inputs.categories.reduce(
    (sum, name) => sum + new Set(frame.categories[name] ?? []).size,
    0,
  )
  const parsed = parseParams(kind, params)
  return (rows) => kind.memoryBytes(rows, frame.names.length, levels, parsed)
}

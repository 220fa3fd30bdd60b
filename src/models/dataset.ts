/** Checks and views of training data. Nothing here changes its input (guarantee M1). */
import { quote } from '../core/index.ts'
import { modelError } from './errors.ts'
import type { CategoryColumn, Dataset, FeatureMatrix, PredictInput } from './model.ts'

/** What a kind asks of the label. */
type LabelRule = 'class' | 'value' | 'none'

/** Beyond this a square overflows; no quantity that people measure comes near. */
const MAX_LABEL = 1e100

/**
 * Throws MODEL_TOO_FEW_ROWS without rows and MODEL_INVALID_DATA when shapes disagree, names repeat, or a label or weight is
 * out of range.
 */
export function checkDataset(data: Dataset, rule: LabelRule): void {
  const { matrix, categories } = data
  if (matrix.rows === 0) {
    throw modelError('MODEL_TOO_FEW_ROWS', 'there is no row to train on: send events first', {
      details: { rows: 0 },
    })
  }
  checkMatrix(matrix)
  const names = new Set(matrix.names)
  for (const category of categories) {
    if (names.has(category.name)) throw invalid(`column ${quote(category.name)} is there twice`)
    names.add(category.name)
    checkCategory(category, matrix.rows)
  }
  if (rule !== 'none') checkLabel(data, rule)
  if (data.weight) {
    checkLength('weights', data.weight.length, matrix.rows)
    const bad = data.weight.findIndex((weight) => !(weight > 0 && weight <= MAX_LABEL))
    if (bad >= 0) throw invalid(`the weight of row ${bad} is ${data.weight[bad]}: it must be > 0`)
  }
}

export function checkMatrix(matrix: FeatureMatrix): void {
  if (new Set(matrix.names).size !== matrix.names.length) {
    throw invalid(`two features have the same name: ${matrix.names.join(', ')}`)
  }
  checkLength('values', matrix.values.length, matrix.rows * matrix.names.length)
}

function checkCategory(category: CategoryColumn, rows: number): void {
  const { name, codes, levels } = category
  checkLength(`codes of ${quote(name)}`, codes.length, rows)
  const bad = codes.findIndex((code) => code < -1 || code >= levels.length)
  if (bad >= 0) {
    throw invalid(
      `row ${bad} of category ${quote(name)} has code ${codes[bad]}, but there are ${levels.length} levels`,
    )
  }
}

function checkLabel(data: Dataset, rule: LabelRule): void {
  const { label, matrix } = data
  if (!label) throw invalid('the label is missing: name a label for this task')
  checkLength('labels', label.length, matrix.rows)
  const bad = label.findIndex((value) =>
    rule === 'class' ? value !== 0 && value !== 1 : !(Math.abs(value) <= MAX_LABEL),
  )
  if (bad >= 0) {
    const wanted = rule === 'class' ? '0 or 1' : `a number within ±${MAX_LABEL}`
    throw invalid(`the label of row ${bad} is ${label[bad]}: it must be ${wanted}`)
  }
}

function checkLength(what: string, length: number, wanted: number): void {
  if (length !== wanted) throw invalid(`there are ${length} ${what}, ${wanted} are needed`)
}

const invalid = (message: string): Error => modelError('MODEL_INVALID_DATA', message)

/** Throws MODEL_INVALID_DATA unless both classes occur. */
export function checkBothClasses(label: Float64Array): void {
  const first = label[0] ?? 0
  if (label.every((value) => value === first)) {
    throw invalid(
      `the label is ${first} in all ${label.length} rows: wait for rows of the other class, or change the label`,
    )
  }
}

/** The rows at `rows`, in that order, as a dataset of its own. Levels stay as they are. */
export function selectRows(data: Dataset, rows: ArrayLike<number>): Dataset {
  const { names, values } = data.matrix
  const columns = names.length
  const picked = new Float64Array(rows.length * columns)
  for (let i = 0; i < rows.length; i++) {
    const from = rows[i]! * columns
    picked.set(values.subarray(from, from + columns), i * columns)
  }
  const gather = (column: Float64Array | undefined): Float64Array | undefined =>
    column && Float64Array.from({ length: rows.length }, (_, i) => column[rows[i]!]!)
  return {
    matrix: { names, rows: rows.length, values: picked },
    categories: data.categories.map((category) => ({
      ...category,
      codes: Int32Array.from({ length: rows.length }, (_, i) => category.codes[rows[i]!]!),
    })),
    label: gather(data.label),
    weight: gather(data.weight),
  }
}

/** Names in the one order that everything is computed in: by code point, the same on every machine. */
export const sortedNames = (names: readonly string[]): string[] =>
  names.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))

/**
 * The position in `matrix` of each name. Throws MODEL_INVALID_DATA for one that is not there: a feature that the model
 * learned from is missing from the input, which is a wiring fault, not a missing value.
 */
export function columnPositions(matrix: FeatureMatrix, names: readonly string[]): Int32Array {
  const positions = new Map(matrix.names.map((name, i) => [name, i]))
  return Int32Array.from(names, (name) => {
    const position = positions.get(name)
    if (position === undefined) {
      throw invalid(`feature ${quote(name)} is missing: the model needs ${names.join(', ')}`)
    }
    return position
  })
}

/** Values of one category, one per row. Throws MODEL_INVALID_DATA. */
export function categoryValues(input: PredictInput, name: string): readonly (string | null)[] {
  const values = Object.hasOwn(input.categories, name) ? input.categories[name] : undefined
  if (!values || values.length !== input.matrix.rows) {
    const problem = values
      ? `has ${values.length} values for ${input.matrix.rows} rows`
      : 'is missing'
    throw invalid(`category ${quote(name)} ${problem}: give one text or null per row`)
  }
  return values
}

/**
 * Categories sorted by name, each with the levels of the version before in its order, then the others that occur, sorted by
 * text. So that M2 and M4 hold, and codes stay over versions.
 */
export function canonicalCategories(categories: readonly CategoryColumn[]): CategoryColumn[] {
  const byName = new Map(categories.map((category) => [category.name, category]))
  return sortedNames([...byName.keys()]).map((name) => compact(byName.get(name)!))
}

function compact(category: CategoryColumn): CategoryColumn {
  const used = new Uint8Array(category.levels.length)
  for (const code of category.codes) if (code >= 0) used[code] = 1
  const earlier = [...new Set(category.earlier ?? [])]
  const known = new Set(earlier)
  const occurring = new Set(category.levels.filter((_, code) => used[code] === 1))
  const added = sortedNames([...occurring].filter((level) => !known.has(level)))
  const levels = [...earlier, ...added]
  const codeOf = new Map(levels.map((level, code) => [level, code]))
  const recoded = Int32Array.from(category.levels, (level) => codeOf.get(level) ?? -1)
  return {
    ...category,
    levels,
    codes: category.codes.map((code) => (code < 0 ? -1 : recoded[code]!)),
  }
}

/** Weights of rows, 1 where none were given. */
export const rowWeights = (data: Dataset): Float64Array =>
  data.weight ?? new Float64Array(data.matrix.rows).fill(1)

/**
 * From rows of a request to the model's input. The plan is made once per version, from the inputs that its record names;
 * reading a row is then lookups by position.
 */
import { quote, type Cell, type Issue } from '../core/index.ts'
import type { FeatureStore } from '../features/index.ts'
import type { PredictInput } from '../models/index.ts'
import type { ModelInputs } from '../registry/index.ts'
import { servingError } from './errors.ts'
import type { PredictRow } from './serving.ts'

/** Most issues of one answer: a request of 1,000 bad rows needs no more to be understood. */
const ISSUES_MAX = 100

interface ViewPlan {
  readonly view: string
  readonly entity: string
  readonly features: readonly string[]
  /** Position of each feature in the online view. */
  readonly positions: readonly number[]
  /** Column of the first feature in the matrix. */
  readonly start: number
}

export interface InputPlan {
  readonly names: readonly string[]
  readonly views: readonly ViewPlan[]
  readonly columns: readonly string[]
  readonly categories: readonly string[]
  /** Feature → entity column that it is looked up by. */
  readonly entityOf: ReadonlyMap<string, string>
}

export interface ReadRows {
  readonly input: PredictInput
  /** Per row, the entity columns that no online view knows. */
  readonly unknownEntities: readonly (readonly string[])[]
}

/** Throws SERVING_UNUSABLE_VERSION when the app no longer has a view or feature that the version was trained with. */
export function planInputs(what: string, inputs: ModelInputs, store: FeatureStore): InputPlan {
  let start = 0
  const views = inputs.views.map(({ view, entity, features }): ViewPlan => {
    const online = store.views.find(({ name }) => name === view)
    const positions = features.map((name) => online?.features.indexOf(name) ?? -1)
    const lost = positions.indexOf(-1)
    if (!online || lost >= 0) {
      const missing = online ? `feature ${quote(features[lost] ?? '')} of view` : 'feature view'
      throw servingError(
        'SERVING_UNUSABLE_VERSION',
        `${what} was trained with ${missing} ${quote(view)}, which the app does not declare: declare it again, or use a newer version`,
        { details: { view } },
      )
    }
    const plan = { view, entity, features, positions, start }
    start += features.length
    return plan
  })
  return {
    names: [...views.flatMap(({ features }) => features), ...inputs.columns],
    views,
    columns: inputs.columns,
    categories: inputs.categories,
    entityOf: new Map(
      views.flatMap(({ entity, features }) => features.map((name) => [name, entity] as const)),
    ),
  }
}

/** Throws SERVING_INVALID_ROW with an issue per row and field. */
export function readRows(
  plan: InputPlan,
  rows: readonly PredictRow[],
  store: FeatureStore,
): ReadRows {
  const width = plan.names.length
  const values = new Float64Array(rows.length * width)
  const categories = plan.categories.map((name) => ({ name, values: [] as (string | null)[] }))
  const unknownEntities: string[][] = []
  const issues: Issue[] = []
  rows.forEach((row, index) => {
    const fail = (field: string, message: string): void => {
      issues.push({ path: `/rows/${index}/${field}`, message })
    }
    const unknown: string[] = []
    unknownEntities.push(unknown)
    if (typeof row !== 'object' || row === null) {
      issues.push({ path: `/rows/${index}`, message: 'must be an object with fields by name' })
      return
    }
    const target = values.subarray(index * width, (index + 1) * width)
    for (const view of plan.views) {
      const isKnown = readView(view, row, store, target, fail)
      if (!isKnown && !unknown.includes(view.entity)) unknown.push(view.entity)
    }
    const firstColumn = width - plan.columns.length
    plan.columns.forEach((name, at) => {
      target[firstColumn + at] = readNumber(row, name, fail)
    })
    for (const category of categories) category.values.push(readLevel(row, category.name, fail))
  })
  if (issues.length > 0) throw invalidRows(issues)
  return {
    input: {
      matrix: { names: plan.names, rows: rows.length, values },
      categories: Object.fromEntries(categories.map(({ name, values }) => [name, values])),
    },
    unknownEntities,
  }
}

type Fail = (field: string, message: string) => void

/** Fills in the features of one view; false for an entity that was never seen. */
function readView(
  view: ViewPlan,
  row: PredictRow,
  store: FeatureStore,
  target: Float64Array,
  fail: Fail,
): boolean {
  const key = fieldOf(row, view.entity)
  if (key === undefined && view.features.some((name) => fieldOf(row, name) !== undefined)) {
    view.features.forEach((name, at) => {
      target[view.start + at] = readNumber(row, name, fail)
    })
    return true
  }
  const entity = idOf(key)
  if (entity === undefined) {
    fail(
      view.entity,
      key === undefined
        ? `missing: give the ${view.entity} (a whole number or text), or all of its features: ${view.features.join(', ')}`
        : 'must be a whole number or text',
    )
    return true
  }
  const online = store.get(view.view, entity)
  view.positions.forEach((position, at) => {
    target[view.start + at] = online?.[position] ?? Number.NaN
  })
  return online !== undefined
}

function readNumber(row: PredictRow, name: string, fail: Fail): number {
  const cell = fieldOf(row, name)
  if (typeof cell === 'number' && Number.isFinite(cell)) return cell
  if (cell === null) return Number.NaN
  if (typeof cell === 'boolean' || typeof cell === 'bigint') return Number(cell)
  fail(name, cell === undefined ? 'missing: give a number, or null for none' : 'must be a number')
  return Number.NaN
}

function readLevel(row: PredictRow, name: string, fail: Fail): string | null {
  const cell = fieldOf(row, name)
  if (cell === null) return null
  if (typeof cell === 'boolean') return String(cell)
  const id = idOf(cell)
  if (id !== undefined) return id
  fail(
    name,
    cell === undefined
      ? 'missing: give a whole number or text, or null for none'
      : 'must be a whole number or text',
  )
  return null
}

const fieldOf = (row: PredictRow, name: string): Cell | undefined =>
  Object.hasOwn(row, name) ? row[name] : undefined

/** Ids are compared as text. A number that JSON may have rounded is no id. */
function idOf(cell: Cell | undefined): string | undefined {
  if (typeof cell === 'string') return cell
  if (typeof cell === 'bigint') return String(cell)
  if (typeof cell === 'number' && Number.isSafeInteger(cell)) return String(cell)
  return undefined
}

export function invalidRows(issues: readonly Issue[]): Error {
  const [first] = issues
  const more = issues.length > 1 ? `, and ${issues.length - 1} more` : ''
  return servingError(
    'SERVING_INVALID_ROW',
    `nothing was predicted: ${first?.path ?? ''} ${first?.message ?? ''}${more}`,
    { details: { issues: issues.slice(0, ISSUES_MAX), issueCount: issues.length } },
  )
}

/** Checks of feature views and models: names that point somewhere, sets, retraining, gates. */
import { z } from 'zod'
import { checkName, columnsOf, escapePointer } from '../../core/index.ts'
import { gateMetrics } from './app-schema.ts'
import { onlyTable, tablesOf } from './app-tables.ts'
import { checkRecommender } from './check-recommender.ts'
import type {
  AppDefinition,
  GateDefinition,
  ModelDefinition,
  RecommenderDefinition,
  RowModelDefinition,
  SearchDefinition,
  SetDefinition,
} from '../define-app.ts'
import { checkDuration, namesOf, reportErrors, type Report } from './issue-report.ts'

export function checkModels(app: AppDefinition, report: Report): void {
  for (const name of Object.keys(app.features ?? {})) {
    const path = `/features/${escapePointer(name)}`
    reportErrors(report, path, () => checkName(name, 'feature view name'))
    const view = app.features?.[name]
    if (typeof view === 'object') checkDuration(view.window, `${path}/window`, report)
  }
  for (const [name, model] of Object.entries(app.models ?? {})) {
    const path = `/models/${escapePointer(name)}`
    reportErrors(report, path, () => checkName(name, 'model name'))
    if (model.task === 'recommender') checkRecommender(app, model, path, report)
    else {
      checkInputs(app, model, path, report)
      checkHorizon(app, model, path, report)
      checkEvaluation(app, model, path, report)
      checkWeight(app, model, path, report)
    }
    checkSet(model.set, `${path}/set`, report)
    checkSearch(model.search, `${path}/search`, report)
    checkDuration(model.retrain?.every, `${path}/retrain/every`, report)
    checkGate(model, `${path}/gate`, report)
    if (model.task === 'regressor' && model.range && !(model.range[0] < model.range[1])) {
      report(`${path}/range`, 'has its lower end not below the upper one: write [low, high]')
    }
  }
}

function checkInputs(
  app: AppDefinition,
  model: RowModelDefinition,
  path: string,
  report: Report,
): void {
  const features = app.features ?? {}
  const views = [...(model.features ?? []).entries()].map(([index, view]): [string, string] => [
    `${path}/features/${index}`,
    view,
  ])
  if (model.task === 'clusterer') views.push([`${path}/entity`, model.entity])
  for (const [field, view] of views) {
    if (!Object.hasOwn(features, view)) {
      report(field, `"${view}" is no feature view of the app: use ${namesOf(features)}`)
    }
  }
  const tables = tablesOf(app)
  if (model.from !== undefined && !tables.includes(model.from)) {
    report(`${path}/from`, `"${model.from}" is no table of the app: use ${namesOf(tables)}`)
  }
  const columns = [...(model.columns ?? []), ...(model.categories ?? [])]
  if (model.task !== 'clusterer' && views.length === 0 && columns.length === 0) {
    report(path, 'has nothing to learn from: name features, columns or categories')
  }
  checkColumns(app, model, path, report)
}

/** A model that looks ahead learns from windowed views, and no other model does. */
function checkHorizon(
  app: AppDefinition,
  model: Exclude<ModelDefinition, RecommenderDefinition>,
  path: string,
  report: Report,
): void {
  const horizon = model.task === 'classifier' ? model.horizon : undefined
  checkDuration(horizon?.predict, `${path}/horizon/predict`, report)
  checkDuration(horizon?.every, `${path}/horizon/every`, report)
  const views = [...(model.features ?? []), ...(model.task === 'clusterer' ? [model.entity] : [])]
  for (const [index, view] of views.entries()) {
    const declared = app.features?.[view]
    if (declared === undefined || (typeof declared === 'object') === (horizon !== undefined))
      continue
    report(
      `${path}/features/${index}`,
      horizon
        ? `"${view}" has no window, and a model that looks ahead learns from one: write recent('14d', sql\`…\`)`
        : `"${view}" has a window: add horizon: { predict: '14d' } to the model, or use a view without one`,
    )
  }
  if (!horizon) return
  for (const field of ['columns', 'categories'] as const) {
    if ((model[field] ?? []).length > 0) {
      report(`${path}/${field}`, 'are of a single event: a model that looks ahead has features')
    }
  }
  if (views.length === 0) report(`${path}/features`, 'is empty: name a windowed feature view')
}

function checkColumns(
  app: AppDefinition,
  model: RowModelDefinition,
  path: string,
  report: Report,
): void {
  const table = model.from ?? onlyTable(app, model)
  const topic = table === undefined ? undefined : app.topics[table]
  if (table === undefined) {
    report(
      `${path}/from`,
      `is needed when the app has several tables: use ${namesOf(tablesOf(app))}`,
    )
  }
  if (!topic) return
  const known = columnsOf(topic.schema).map(({ name }) => name)
  for (const field of ['columns', 'categories'] as const) {
    for (const [index, column] of (model[field] ?? []).entries()) {
      if (!known.includes(column)) {
        report(
          `${path}/${field}/${index}`,
          `"${column}" is no column of table "${table}": use ${namesOf(known)}`,
        )
      }
    }
  }
}

/** Rows stay together by a column of the table. */
function checkEvaluation(
  app: AppDefinition,
  model: RowModelDefinition,
  path: string,
  report: Report,
): void {
  if (model.task === 'clusterer' || model.evaluation?.groupBy === undefined) return
  const { groupBy } = model.evaluation
  const field = `${path}/evaluation/groupBy`
  if (model.task === 'classifier' && model.horizon) {
    report(field, 'is not needed: a model that looks ahead keeps the rows of an entity together')
    return
  }
  const table = model.from ?? onlyTable(app, model)
  const topic = table === undefined ? undefined : app.topics[table]
  if (!topic) return
  const known = columnsOf(topic.schema).map(({ name }) => name)
  if (known.includes(groupBy)) return
  report(field, `"${groupBy}" is no column of table "${table}": use ${namesOf(known)}`)
}

/** A column of the table can only hold what may weigh; a feature is checked where the views are known (`model-specs.ts`). */
function checkWeight(
  app: AppDefinition,
  model: RowModelDefinition,
  path: string,
  report: Report,
): void {
  const isEntity = model.task === 'clusterer' || (model.task === 'classifier' && model.horizon)
  if (model.weight === undefined || isEntity) return
  const table = model.from ?? onlyTable(app, model)
  const topic = table === undefined ? undefined : app.topics[table]
  if (!topic) return
  const column = columnsOf(topic.schema).find(({ name }) => name === model.weight)
  const type = topic.schema.shape[model.weight]
  const name = `"${model.weight}"`
  if (!column) {
    const known = columnsOf(topic.schema).map((one) => one.name)
    report(`${path}/weight`, `${name} is no column of table "${table}": use ${namesOf(known)}`)
  } else if (column.type !== 'double' && column.type !== 'integer') {
    report(`${path}/weight`, `${name} is a ${column.type} column: use one with numbers`)
  } else if (column.nullable) {
    report(
      `${path}/weight`,
      `${name} may be missing: make the field required, or give it a default`,
    )
  } else if (type instanceof z.ZodNumber && !((type.minValue ?? -1) >= 0)) {
    report(`${path}/weight`, `${name} may be negative: declare it z.number().min(0)`)
  }
}

function checkSet(set: SetDefinition | undefined, path: string, report: Report): void {
  if (!set) return
  if (set.scheme === 'last' && set.batches === undefined) {
    report(`${path}/batches`, 'is missing: write lastBatches(10)')
  }
  if (set.scheme === 'sliding' && (set.length === undefined || set.slide === undefined)) {
    report(path, 'needs length and slide: write sliding({ length: "7d", slide: "1d" })')
  }
  checkDuration(set.length, `${path}/length`, report)
  checkDuration(set.slide, `${path}/slide`, report)
}

/** More combinations would take longer to list than anybody waits for their fits. */
const MOST_COMBINATIONS = 100_000

/** The form of a grid; whether the kind takes its values is checked when the kind is opened (`check-params.ts`). */
function checkSearch(search: SearchDefinition | undefined, path: string, report: Report): void {
  if (!search) return
  checkDuration(search.time, `${path}/time`, report)
  if (search.values === undefined) return
  const lists = Object.entries(search.values)
  if (lists.length === 0) {
    report(`${path}/values`, 'is empty: name a parameter with values to try, or leave it out')
  }
  for (const [name, values] of lists) {
    const twice = values.find((value, index) => values.indexOf(value) !== index)
    if (twice === undefined) continue
    report(`${path}/values/${escapePointer(name)}`, `has ${JSON.stringify(twice)} twice`)
  }
  const count = lists.reduce((product, [, values]) => product * values.length, 1)
  if (count > MOST_COMBINATIONS) {
    report(
      `${path}/values`,
      `makes ${count} combinations, at most ${MOST_COMBINATIONS} are taken: try fewer values`,
    )
  }
}

/** The metric of a gate; undefined when it names none. */
export function gateMetricOf(gate: GateDefinition): keyof typeof gateMetrics | undefined {
  const names = Object.keys(gateMetrics) as (keyof typeof gateMetrics)[]
  return names.find((metric) => gate[metric] !== undefined)
}

function checkGate(model: ModelDefinition, path: string, report: Report): void {
  const { gate } = model
  if (!gate) return
  const named = Object.entries(gateMetrics).filter(
    ([metric]) => gate[metric as keyof typeof gateMetrics] !== undefined,
  )
  if (named.length > 1) {
    report(path, `names ${named.length} metrics: one decides, so keep one`)
  }
  const isOfRows =
    (model.task === 'classifier' && model.horizon === undefined) || model.task === 'regressor'
  if (gate.reference !== undefined && !isOfRows) {
    report(
      `${path}/reference`,
      'is for classifiers and regressors whose rows are events: leave it out',
    )
  }
  for (const [metric, tasks] of named) {
    if (tasks.includes(model.task)) continue
    const fitting = Object.entries(gateMetrics)
      .filter(([, of]) => of.includes(model.task))
      .map(([name]) => name)
    report(`${path}/${metric}`, `is no metric of a ${model.task}: use ${namesOf(fitting)}`)
  }
}

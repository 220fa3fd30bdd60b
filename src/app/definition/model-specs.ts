/** From definitions as users write them to specs as training reads them: every default is written out here. */
import { columnsOf, parseDuration, type Column } from '../../core/index.ts'
import type { FeatureView, FeatureViewSpec } from '../../features/index.ts'
import type { TaskName } from '../../models/index.ts'
import type {
  GateRule,
  Horizon,
  ModelSpec,
  RetrainRule,
  SearchSpec,
  TrainingSet,
} from '../../training/index.ts'
import { MOST_TRIALS } from './app-schema.ts'
import { onlyTable } from './app-tables.ts'
import { gateMetricOf } from './check-models.ts'
import type {
  AppDefinition,
  GateDefinition,
  HorizonDefinition,
  ModelDefinition,
  RecommenderDefinition,
  RowModelDefinition,
  SearchDefinition,
  SetDefinition,
} from '../define-app.ts'
import { appError } from '../errors.ts'

/**
 * Default gate of each task. Margins are about the noise of the metric on a few hundred rows; label shifts are a change of
 * the share of 1 (classifier) and of the mean in standard deviations (regressor): decisions/0005.
 */
const GATES: Readonly<Record<TaskName, Omit<GateRule, 'minRows'>>> = {
  classifier: { metric: 'auc', margin: 0.01, maxLabelShift: 0.15 },
  regressor: { metric: 'rmse', margin: 0.01, maxLabelShift: 0.5 },
  clusterer: { metric: 'silhouette', margin: 0.05, maxLabelShift: 0.5 },
  recommender: { metric: 'ndcg@10', margin: 0.01, maxLabelShift: 0.5 },
}
const MIN_GATE_ROWS = 50
const MIN_ROWS = 100
const PARTS = 3
/** One seed for everything, so that two runs of the same app give the same models. */
const SEED = 1

/** The declared feature views, in order. */
export const viewSpecsOf = (app: AppDefinition): FeatureViewSpec[] =>
  Object.entries(app.features ?? {}).map(([name, view]) =>
    typeof view === 'string'
      ? { name, sql: view }
      : {
          name,
          sql: view.sql,
          windowMs: parseDuration(view.window),
          ...(view.until !== undefined && { until: view.until }),
        },
  )

/** The declared models, in order. `views` are the app's parsed feature views. Throws APP_INVALID. */
export function modelSpecsOf(app: AppDefinition, views: readonly FeatureView[]): ModelSpec[] {
  return Object.entries(app.models ?? {}).map(([name, model]) => specOf(app, views, name, model))
}

function specOf(
  app: AppDefinition,
  views: readonly FeatureView[],
  name: string,
  model: ModelDefinition,
): ModelSpec {
  const table = model.from ?? onlyTable(app, model)
  if (table === undefined) throw invalid(name, 'from', 'is missing: name the table to learn from')
  if (model.task === 'recommender') return recommenderSpec(name, table, model)
  const names = [...(model.features ?? [])]
  if (model.task === 'clusterer' && !names.includes(model.entity)) names.unshift(model.entity)
  const inputs = names.map((view) => {
    const found = views.find((candidate) => candidate.name === view)
    if (!found) throw invalid(name, 'features', `"${view}" is no feature view of the app`)
    const features = found.features.filter((feature) => feature !== model.weight)
    return { view, entity: found.entity, features }
  })
  checkWeightFeature(name, model, views, names)
  const columns = columnsOf(topicOf(app, table).schema)
  for (const { view, entity } of inputs) checkEntity(columns, name, table, view, entity)
  return {
    name,
    task: model.task,
    kind: model.kind ?? defaultKind(model),
    params: { ...model.params, ...(model.task === 'clusterer' && model.k && { k: model.k }) },
    table,
    ...(model.task !== 'clusterer' && { label: model.label }),
    ...(model.task === 'classifier' &&
      model.horizon && {
        horizon: horizonOf(name, model.horizon, views, names),
      }),
    ...(model.task === 'regressor' && model.range && { range: model.range }),
    ...(model.weight !== undefined && { weight: model.weight }),
    inputs: {
      views: inputs,
      columns: model.columns ?? [],
      categories: model.categories ?? [],
    },
    ...(model.task === 'clusterer' && { entityView: model.entity }),
    ...(model.search && { search: searchOf(model.search) }),
    set: setOf(model.set),
    retrain: retrainOf(model.retrain),
    gate: gateOf(model.task, model.gate),
    ...(model.task !== 'clusterer' && model.evaluation && { evaluation: model.evaluation }),
    minRows: model.minRows ?? MIN_ROWS,
    seed: model.seed ?? SEED,
  }
}

/** Rows that are entities are weighed by one of their features. */
function checkWeightFeature(
  name: string,
  model: RowModelDefinition,
  views: readonly FeatureView[],
  names: readonly string[],
): void {
  const isEntity = model.task === 'clusterer' || (model.task === 'classifier' && model.horizon)
  if (!isEntity || model.weight === undefined) return
  const own = model.task === 'clusterer' ? [model.entity] : names
  const features = views.filter((view) => own.includes(view.name)).flatMap((view) => view.features)
  if (!features.includes(model.weight)) {
    throw invalid(
      name,
      'weight',
      `"${model.weight}" is no feature of ${own.join(', ')}: use one of ${features.join(', ')}`,
    )
  }
  if (features.length === 1) {
    throw invalid(
      name,
      'weight',
      `"${model.weight}" is the only feature: nothing is left to learn from`,
    )
  }
}

function recommenderSpec(name: string, table: string, model: RecommenderDefinition): ModelSpec {
  const { user, item, value } = model
  return {
    name,
    task: model.task,
    kind: model.kind ?? 'als',
    params: { ...model.params },
    table,
    inputs: { views: [], columns: [], categories: [] },
    interactions: {
      user,
      item,
      ...(value !== undefined && { value }),
      combine: model.combine ?? (value === undefined ? 'sum' : 'last'),
    },
    ...(model.search && { search: searchOf(model.search) }),
    set: setOf(model.set),
    retrain: retrainOf(model.retrain),
    gate: gateOf(model.task, model.gate),
    minRows: model.minRows ?? MIN_ROWS,
    seed: model.seed ?? SEED,
  }
}

const searchOf = ({
  time,
  method = 'random',
  trials = MOST_TRIALS,
  values,
}: SearchDefinition): SearchSpec => ({
  method,
  budgetMs: parseDuration(time),
  trials,
  ...(values && { values }),
})

function horizonOf(
  model: string,
  { predict, every }: HorizonDefinition,
  views: readonly FeatureView[],
  names: readonly string[],
): Horizon {
  const own = views.filter(({ name }) => names.includes(name))
  const entities = [...new Set(own.map(({ entity }) => entity))]
  if (entities.length > 1) {
    throw invalid(
      model,
      'features',
      `its views are keyed by ${entities.join(' and ')}: a model that looks ahead asks about one kind of entity`,
    )
  }
  const predictMs = parseDuration(predict)
  return {
    windowMs: Math.max(...own.map(({ windowMs = 0 }) => windowMs)),
    predictMs,
    everyMs: every === undefined ? predictMs : parseDuration(every),
  }
}

function topicOf(app: AppDefinition, table: string): AppDefinition['topics'][string] {
  const topic = app.topics[table]
  if (!topic) throw new TypeError(`topic ${table} was checked before`)
  return topic
}

/** A view is joined to a row by the column of its name. */
function checkEntity(
  columns: readonly Column[],
  model: string,
  table: string,
  view: string,
  entity: string,
): void {
  if (columns.some((column) => column.name === entity)) return
  throw invalid(
    model,
    'features',
    `view "${view}" is keyed by "${entity}", which is no column of table "${table}": group it by one of ${columns.map((column) => column.name).join(', ')}`,
  )
}

/** Ids are never numbers (trap 8): a regressor with categories learns one bias a level. */
function defaultKind(model: RowModelDefinition): string {
  if (model.task === 'classifier') return 'logistic'
  if (model.task === 'clusterer') return 'kmeans'
  return (model.categories ?? []).length > 0 ? 'bias' : 'ridge'
}

function setOf(set: SetDefinition = { scheme: 'cumulative', parts: PARTS }): TrainingSet {
  if (set.scheme === 'last') return { scheme: 'last', batches: set.batches ?? 1 }
  if (set.scheme === 'sliding') {
    return {
      scheme: 'sliding',
      lengthMs: parseDuration(set.length ?? ''),
      slideMs: parseDuration(set.slide ?? ''),
    }
  }
  return { scheme: set.scheme, parts: set.parts ?? PARTS }
}

function retrainOf(retrain: NonNullable<RecommenderDefinition['retrain']> = {}): RetrainRule {
  return {
    ...(retrain.refresh && { refresh: retrainOf(retrain.refresh) }),
    ...(retrain.batches !== undefined && { batches: retrain.batches }),
    ...(retrain.rows !== undefined && { rows: retrain.rows }),
    ...(retrain.every !== undefined && { everyMs: parseDuration(retrain.every) }),
  }
}

function gateOf(task: TaskName, gate: GateDefinition = {}): GateRule {
  const metric = gateMetricOf(gate)
  return {
    ...GATES[task],
    ...(metric && { metric, margin: gate[metric]?.margin ?? 0 }),
    minRows: gate.minRows ?? MIN_GATE_ROWS,
    maxLabelShift: gate.maxLabelShift ?? GATES[task].maxLabelShift,
    ...(gate.reference !== undefined && { reference: gate.reference }),
  }
}

function invalid(model: string, field: string, problem: string): Error {
  const path = `/models/${model}/${field}`
  return appError('APP_INVALID', `models.${model}.${field}: ${problem}`, {
    details: { issues: [{ path, message: problem }] },
  })
}

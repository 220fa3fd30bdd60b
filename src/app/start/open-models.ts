/** Second half of a start: what is learned from the events. Features, serving with its prediction log, training. */
import { join } from 'node:path'
import { packageVersion } from '../../core/index.ts'
import { openFeatureStore, type FeatureStore } from '../../features/index.ts'
import { openServing, type Recommendations, type Serving } from '../../serving/index.ts'
import { openTrainer, type ModelSpec, type Trainer } from '../../training/index.ts'
import { emptyFolder } from './app-folder.ts'
import { checkParams } from '../definition/check-params.ts'
import { modelSpecsOf, viewSpecsOf } from '../definition/model-specs.ts'
import { createImpressionLog, hasImpressions } from '../impressions.ts'
import { openRecommenders, type OpenRecommendersOptions } from './open-recommenders.ts'
import type { Stores } from './open-stores.ts'
import { featureTableOf } from './open-tables.ts'
import { createPredictionLog } from '../prediction-log.ts'
import { missingOf } from '../readiness.ts'
import { servingOf, trainerOf } from '../roles.ts'
import type { Setting } from './setting.ts'
import { trainingSources } from './training-sources.ts'

export interface Models {
  readonly features: FeatureStore
  /** By name. */
  readonly specs: ReadonlyMap<string, ModelSpec>
  /** Answers rows; what it says of live versions is of recommenders too. */
  readonly serving: Serving
  readonly recommendations: Recommendations
  readonly trainer: Trainer
}

export async function openModels(setting: Setting, stores: Stores): Promise<Models> {
  const { app, options, roles, clock, logger, limits, metrics, closers, folder } = setting
  const { log, lake, registry, tables, sinks } = stores
  // Views and models read tables, so they are where the tables are.
  const hasTables = roles.has('sink')
  const views = hasTables ? viewSpecsOf(app) : []
  const features = await openFeatureStore({
    log,
    lake,
    tables: tables.map(featureTableOf),
    views,
    clock,
    logger,
    metrics,
  })
  closers.add('features', () => features.close())
  const specs = new Map(
    (hasTables ? modelSpecsOf(app, features.views) : []).map((spec) => [spec.name, spec]),
  )
  await checkParams([...specs.values()])
  const served = roles.has('serve') ? [...specs] : []

  const predictionLog = createPredictionLog({ log, clock, logger, metrics })
  closers.add('prediction log', () => predictionLog.close())
  let trainer: Trainer | undefined
  const waiting = (model: string): string | undefined =>
    trainer && missingOf(model, { models: specs, trainer, registry })
  const rows = await openServing({
    registry,
    features,
    models: Object.fromEntries(
      served.flatMap(([name, { task }]) => (task === 'recommender' ? [] : [[name, task]])),
    ),
    clock,
    logger,
    metrics,
    waiting,
    onPrediction: (answer, rows, requestId) => predictionLog.add(answer, rows, requestId),
  })
  closers.add('serving', () => rows.close())
  const recommendations = await openRecommenders(setting, stores, {
    specs: new Map(served),
    waiting,
    ...onListOf(setting, stores),
  })

  const opened = openTrainer({
    specs: [...specs.values()].map((spec) =>
      options.training === false || !roles.has('train') ? { ...spec, retrain: {} } : spec,
    ),
    sources: trainingSources({ tables, views, features, lake, sinks }),
    registry,
    clock,
    logger,
    metrics,
    limits,
    workDir: await emptyFolder(join(folder.run, 'training')),
    codeVersion: packageVersion(),
  })
  trainer = opened
  closers.add('trainer', () => opened.close())
  return {
    features,
    specs,
    serving: servingOf(withRecommenders(rows, recommendations), roles),
    recommendations,
    trainer: trainerOf(opened, roles),
  }
}

/** Keeps the lists of recommenders that declare by what events answer them. */
function onListOf(
  { app, clock, logger, metrics, closers }: Setting,
  { log }: Stores,
): Pick<OpenRecommendersOptions, 'onList'> {
  if (!hasImpressions(app)) return {}
  const impressions = createImpressionLog({ log, clock, logger, metrics })
  closers.add('impression log', () => impressions.close())
  return {
    onList(list, user) {
      const model = app.models?.[list.model]
      if (model?.task === 'recommender' && model.attribution !== undefined)
        impressions.add(list, user)
    },
  }
}

/** What is said of live versions is of recommenders too. */
const withRecommenders = (rows: Serving, recommendations: Recommendations): Serving => ({
  ...rows,
  live: () => [...rows.live(), ...recommendations.live()],
  problems: () => [...rows.problems(), ...recommendations.problems()],
})

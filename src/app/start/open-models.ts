/** Second half of a start: what is learned from the events. Features, serving with its prediction log, training. */
import { join } from 'node:path'
import { packageVersion } from '../../core/index.ts'
import { openFeatureStore, type FeatureStore } from '../../features/index.ts'
import { openServing, type Serving } from '../../serving/index.ts'
import { openTrainer, type ModelSpec, type Trainer } from '../../training/index.ts'
import { emptyFolder } from './app-folder.ts'
import { modelSpecsOf } from '../definition/model-specs.ts'
import type { Stores } from './open-stores.ts'
import { featureTableOf } from './open-tables.ts'
import { createPredictionLog } from '../prediction-log.ts'
import { missingOf } from '../readiness.ts'
import type { Setting } from './setting.ts'
import { trainingSources } from './training-sources.ts'

export interface Models {
  readonly features: FeatureStore
  /** By name. */
  readonly specs: ReadonlyMap<string, ModelSpec>
  readonly serving: Serving
  readonly trainer: Trainer
}

export async function openModels(setting: Setting, stores: Stores): Promise<Models> {
  const { app, options, clock, logger, limits, metrics, closers, folder } = setting
  const { log, lake, registry, tables, sinks } = stores
  const views = Object.entries(app.features ?? {}).map(([name, sql]) => ({ name, sql }))
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
  const specs = new Map(modelSpecsOf(app, features.views).map((spec) => [spec.name, spec]))

  const predictionLog = createPredictionLog({ log, clock, logger, metrics })
  closers.add('prediction log', () => predictionLog.close())
  let trainer: Trainer | undefined
  const serving = await openServing({
    registry,
    features,
    models: Object.fromEntries(
      [...specs].flatMap(([name, { task }]) => (task === 'recommender' ? [] : [[name, task]])),
    ),
    clock,
    logger,
    metrics,
    waiting: (model) => trainer && missingOf(model, { models: specs, trainer, registry }),
    onPrediction: (answer, rows, requestId) => predictionLog.add(answer, rows, requestId),
  })
  closers.add('serving', () => serving.close())

  const opened = openTrainer({
    specs: [...specs.values()].map((spec) =>
      options.training === false ? { ...spec, retrain: {} } : spec,
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
  return { features, specs, serving, trainer: opened }
}

/**
 * The composition root: opens every room in the order that `running-app.ts` states and connects them. Nothing is decided
 * here; each step is a call.
 */
import { join } from 'node:path'
import {
  defaultLimits,
  packageVersion,
  silentLogger,
  systemClock,
  type Clock,
  type Limits,
  type Logger,
} from '../core/index.ts'
import { openFeatureStore } from '../features/index.ts'
import { createIngest } from '../ingest/index.ts'
import { openLake, type Lake } from '../lake/index.ts'
import { openLog, type Log } from '../log/index.ts'
import { openRegistry } from '../registry/index.ts'
import { openServing } from '../serving/index.ts'
import { openSandbox } from '../sql/index.ts'
import type { TableSink } from '../stream/index.ts'
import { openTrainer, type Trainer } from '../training/index.ts'
import { emptyFolder, openAppFolder, type AppFolder } from './app-folder.ts'
import { createClosers, type Closers } from './closers.ts'
import { collectGauges } from './collect-gauges.ts'
import type { AppDefinition } from './define-app.ts'
import { checkApp } from './definition/check-app.ts'
import { modelSpecsOf } from './definition/model-specs.ts'
import { createMetricsRegistry, type MetricsRegistry } from './metrics.ts'
import {
  contractOf,
  featureTableOf,
  openSink,
  tableDefinitions,
  type TableDefinition,
} from './open-tables.ts'
import { createPredictionLog } from './prediction-log.ts'
import { createQueryService } from './query-service.ts'
import { createReadiness, missingOf } from './readiness.ts'
import { createRouteContext } from './route-context.ts'
import type { RunningApp, StartOptions } from './running-app.ts'
import { startSources } from './sources.ts'
import { trainingSources } from './training-sources.ts'

interface Setting {
  readonly app: AppDefinition
  readonly options: StartOptions
  readonly clock: Clock
  readonly logger: Logger
  readonly limits: Limits
  readonly metrics: MetricsRegistry
  readonly closers: Closers
}

/**
 * Starts an app: opens its data folder, goes on where it was, and begins to replay its sources. Throws APP_INVALID,
 * APP_DATA_FOLDER, APP_FORMAT_NEWER, LOG_IN_USE, and what the rooms throw when they open; what was open is closed then.
 */
export async function startApp(
  definition: AppDefinition,
  options: StartOptions,
): Promise<RunningApp> {
  const app = checkApp(definition)
  const clock = options.clock ?? systemClock
  const logger = options.logger ?? silentLogger
  const limits = { ...defaultLimits, ...options.limits }
  const metrics = createMetricsRegistry()
  const closers = createClosers(clock, logger)
  try {
    return await start({ app, options, clock, logger, limits, metrics, closers })
  } catch (error) {
    await closers.closeAll()
    throw error
  }
}

async function start(setting: Setting): Promise<RunningApp> {
  const { app, options, clock, logger, limits, metrics, closers } = setting
  const startedAt = new Date(clock.now()).toISOString()
  const folder = await openAppFolder(options.dataDir)
  const { log, lake, registry } = await openStores(setting, folder)
  const tables = tableDefinitions(app)
  const sinks = await openSinks(setting, { log, lake, tables })

  const ingest = createIngest({ log, clock, logger, metrics, limits })
  closers.add('ingest', () => ingest.close())
  for (const [name, topic] of Object.entries(app.topics)) {
    await log.createTopic({ name, partitions: topic.partitions ?? 1 })
    ingest.declare(contractOf(name, topic))
  }

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
  const models = new Map(modelSpecsOf(app, features.views).map((spec) => [spec.name, spec]))

  const predictionLog = createPredictionLog({ log, clock, logger, metrics })
  closers.add('prediction log', () => predictionLog.close())
  let trainer: Trainer | undefined
  const serving = await openServing({
    registry,
    features,
    models: Object.fromEntries([...models].map(([name, { task }]) => [name, task])),
    clock,
    logger,
    metrics,
    waiting: (model) => trainer && missingOf(model, { models, trainer, registry }),
    onPrediction: (answer, rows, requestId) => predictionLog.add(answer, rows, requestId),
  })
  closers.add('serving', () => serving.close())
  trainer = openTrainer({
    specs: [...models.values()].map((spec) =>
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
  closers.add('trainer', () => trainer?.close() ?? Promise.resolve())

  const sandbox = await openSandbox({
    dir: folder.lake,
    memoryBytes: limits.sqlMemoryBytes,
    logger,
  })
  closers.add('sandbox', () => sandbox.close())
  const query = createQueryService({
    lake,
    sinks,
    sandbox,
    folder: await emptyFolder(folder.queries, 0o755),
    limits,
    clock,
    metrics,
  })
  let isStopping = false
  const readiness = createReadiness({
    clock,
    folder: folder.run,
    sinks,
    query,
    models,
    serving,
    trainer,
    registry,
    isStopping: () => isStopping,
  })
  metrics.onCollect(() => collectGauges({ log, lake, features, metrics }))
  const sources = await startSources({ app, ingest, options, logger })
  closers.add('sources', () => sources.stop())

  return {
    definition: app,
    dataDir: folder.dir,
    startedAt,
    clock,
    logger,
    limits,
    log,
    ingest,
    lake,
    sinks,
    features,
    registry,
    trainer,
    serving,
    models,
    query,
    routes: createRouteContext({
      app: app.name,
      serving,
      query,
      registry,
      ingest,
      readiness: () => readiness.check(),
    }),
    readiness: (role) => readiness.check(role),
    warnings: () => [
      ...sources.warnings(),
      ...serving.live().flatMap(({ model, problem }) => (problem ? [`${model}: ${problem}`] : [])),
    ],
    record: (name, labels, value) => metrics.record(name, labels, value),
    metricsText: () => metrics.text(),
    stop() {
      isStopping = true
      return closers.closeAll()
    },
  }
}

/** Log first: it is the lock of the data folder, and nothing else may be touched before. */
async function openStores(setting: Setting, folder: AppFolder) {
  const { clock, logger, limits, metrics, closers } = setting
  const { recordBytes } = limits
  const log = await openLog({ dir: folder.log, clock, logger, metrics, recordBytes })
  closers.add('log', () => log.close())
  const lake = await openLake({ dir: folder.lake, clock, logger })
  closers.add('lake', () => lake.close())
  const registry = await openRegistry({ dir: folder.registry, log, clock, logger, metrics })
  closers.add('registry', () => registry.close())
  return { log, lake, registry }
}

async function openSinks(
  { clock, logger, metrics, closers }: Setting,
  { log, lake, tables }: { log: Log; lake: Lake; tables: readonly TableDefinition[] },
): Promise<Map<string, TableSink>> {
  const sinks = new Map<string, TableSink>()
  for (const definition of tables) {
    const sink = await openSink(definition, { log, lake, clock, logger, metrics })
    closers.add(`sink ${definition.table}`, () => sink.close())
    sinks.set(definition.table, sink)
  }
  return sinks
}

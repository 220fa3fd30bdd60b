/**
 * The composition root: opens every room in the order that `running-app.ts` states and connects them. Nothing is decided
 * here; each step is a call.
 */
import { defaultLimits, silentLogger, systemClock } from '../core/index.ts'
import { emptyFolder, openAppFolder } from './start/app-folder.ts'
import { createClosers } from './start/closers.ts'
import { collectGauges } from './collect-gauges.ts'
import type { AppDefinition } from './define-app.ts'
import { checkApp } from './definition/check-app.ts'
import { openLogHealth } from './log-health.ts'
import { readLedger } from './ledger.ts'
import { createItemWriter } from './item-writer.ts'
import { createMetricsRegistry } from './metrics.ts'
import { openAppBroker } from './start/open-app-broker.ts'
import { openModels } from './start/open-models.ts'
import { openStores, type Stores } from './start/open-stores.ts'
import { openStreams } from './start/open-streams.ts'
import { createQueryService } from './query-service.ts'
import { withStreamTopics } from './definition/streams.ts'
import { scoreTables, type ScoreTable } from './score-tables.ts'
import { createReadiness } from './readiness.ts'
import { startScrub } from './scrub.ts'
import { verifyStores } from './verify-stores.ts'
import { createRouteContext } from './route-context.ts'
import type { QueryService, RunningApp, StartOptions } from './running-app.ts'
import { checkRoles } from './roles.ts'
import type { Setting } from './start/setting.ts'
import { startSources } from './start/sources.ts'

/**
 * Starts an app: opens its data folder, goes on where it was, and begins to replay its sources. Throws APP_INVALID, APP_INVALID_ROLES,
 * APP_DATA_FOLDER, APP_FORMAT_NEWER, APP_NO_SOURCE_DATA, LOG_IN_USE, BROKER_PORT_IN_USE, and what the rooms throw when
 * they open; what was open is closed then.
 */
export async function startApp(
  definition: AppDefinition,
  options: StartOptions,
): Promise<RunningApp> {
  const app = withStreamTopics(checkApp(definition))
  const clock = options.clock ?? systemClock
  const logger = options.logger ?? silentLogger
  const limits = { ...defaultLimits, ...options.limits }
  const metrics = createMetricsRegistry()
  const closers = createClosers(clock, logger)
  const roles = checkRoles(options.roles)
  const folder = await openAppFolder(options.dataDir)
  try {
    return await start({ app, options, roles, clock, logger, limits, metrics, closers, folder })
  } catch (error) {
    await closers.closeAll()
    throw error
  }
}

async function start(setting: Setting): Promise<RunningApp> {
  const { app, options, roles, clock, logger, limits, metrics, closers, folder } = setting
  const startedAt = new Date(clock.now()).toISOString()
  const stores = await openStores(setting)
  const { log, lake, registry, sinks, ingest } = stores
  const { specs: models, ...learned } = await openModels(setting, stores)
  const { features, serving, trainer } = learned
  const streams = await openStreams(setting, stores)
  const scores = scoreTables([...models.values()], serving, new Set(sinks.keys()))
  const query = await openQueries(setting, stores, scores)
  const logHealth = await openLogHealth(log, app, logger)
  let isStopping = false
  const readiness = createReadiness({
    roles,
    clock,
    folder: folder.run,
    logHealth,
    spool: () => ingest.spool(),
    recordBytes: limits.recordBytes,
    sinks,
    query,
    models,
    serving,
    trainer,
    registry,
    isStopping: () => isStopping,
  })
  metrics.onCollect(() => collectGauges({ log, lake, features, registry, metrics }))
  const { broker, warnings } = await openAppBroker(setting, log)
  const scrub = startScrub(stores, setting)
  const replay = roles.has('ingest') ? options.replay : { enabled: false }
  const sources = await startSources({ ...setting, ingest, options: { ...options, replay } })
  closers.add('sources', () => sources.stop())
  const rooms = { log, ingest, lake, sinks, streams, registry, models, query, ...learned }
  const check = (): ReturnType<typeof readiness.check> => readiness.check()
  const routes = createRouteContext({ ...rooms, app: app.name, readiness: check })
  const items = createItemWriter(app, learned.recommendations, routes)
  return {
    definition: app,
    dataDir: folder.dir,
    startedAt,
    roles,
    clock,
    logger,
    limits,
    broker,
    ...rooms,
    routes,
    items,
    ledger: (topic) => readLedger(rooms, topic),
    readiness: (role) => readiness.check(role),
    warnings: () => [
      ...logHealth.shortcomings,
      ...warnings,
      ...sources.warnings(),
      ...scrub.warnings(),
      ...serving.live().flatMap(({ model, problem }) => (problem ? [`${model}: ${problem}`] : [])),
    ],
    verify: () => verifyStores(stores),
    record: (name, labels, value) => metrics.record(name, labels, value),
    metricsText: () => metrics.text(),
    stop() {
      isStopping = true
      return closers.closeAll()
    },
  }
}

async function openQueries(
  { folder, limits, clock, metrics }: Setting,
  { lake, sinks, sandbox }: Stores,
  scores: readonly ScoreTable[],
): Promise<QueryService> {
  return createQueryService({
    lake,
    sinks,
    scores,
    sandbox: await sandbox(),
    folder: await emptyFolder(folder.queries, 0o755),
    limits,
    clock,
    metrics,
  })
}

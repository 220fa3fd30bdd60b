/** First half of a start: where events are kept. Log, lake, registry, tables with their sinks, and the door. */
import { createIngest, type Ingest } from '../../ingest/index.ts'
import { openLake, type Lake } from '../../lake/index.ts'
import type { Log } from '../../log/index.ts'
import { openRegistry, type Registry } from '../../registry/index.ts'
import { openSandbox, type SqlSandbox } from '../../sql/index.ts'
import type { TableSink } from '../../stream/index.ts'
import { openAppLog } from './open-app-log.ts'
import { openAppSpool } from './open-app-spool.ts'
import { contractOf, openSink, tableDefinitions, type TableDefinition } from './open-tables.ts'
import { doorOf } from '../roles.ts'
import type { Setting } from './setting.ts'

export interface Stores {
  readonly log: Log
  readonly lake: Lake
  readonly registry: Registry
  readonly tables: readonly TableDefinition[]
  readonly sinks: ReadonlyMap<string, TableSink>
  readonly ingest: Ingest
  readonly sandbox: () => Promise<SqlSandbox>
}

/** The log comes first: it is the lock of the data folder, and nothing else may be touched before. */
export async function openStores(setting: Setting): Promise<Stores> {
  const { app, roles, clock, logger, limits, metrics, closers, folder } = setting
  const log = await openAppLog(setting)
  const lake = await openLake({
    dir: folder.lake,
    clock,
    logger,
    checkBytes: limits.lakeCheckBytes,
  })
  closers.add('lake', () => lake.close())
  const sandbox = beginSandbox(setting)
  const registry = await openRegistry({ dir: folder.registry, log, clock, logger, metrics })
  closers.add('registry', () => registry.close())

  const tables = roles.has('sink') ? tableDefinitions(app) : []
  const sinks = new Map<string, TableSink>()
  for (const definition of tables) {
    const sink = await openSink(definition, { log, lake, clock, logger, metrics })
    closers.add(`sink ${definition.table}`, () => sink.close())
    sinks.set(definition.table, sink)
  }

  const spool = await openAppSpool(setting, log)
  const ingest = createIngest({ log, clock, logger, metrics, limits, ...(spool && { spool }) })
  closers.add('ingest', () => ingest.close())
  for (const [name, topic] of Object.entries(app.topics)) {
    await log.createTopic({ name, partitions: topic.partitions ?? 1 })
    const resultsOf = app.streams?.[name]?.from
    ingest.declare({ ...contractOf(name, topic), ...(resultsOf !== undefined && { resultsOf }) })
  }
  return { log, lake, registry, tables, sinks, ingest: doorOf(ingest, roles), sandbox }
}

/** The first process for queries takes as long to start as everything else together, so it starts beside it. */
function beginSandbox({ folder, limits, logger, closers }: Setting): () => Promise<SqlSandbox> {
  const opening = openSandbox({ dir: folder.lake, memoryBytes: limits.sqlMemoryBytes, logger })
  opening.catch(() => {})
  closers.add('sandbox', async () => (await opening).close())
  return () => opening
}

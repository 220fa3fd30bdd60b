/**
 * Online features. At the start each view is computed once from the lake's files; from their end on, the log's tail keeps
 * it fresh, one reading per topic for all of its views.
 */
import {
  type Cell,
  type Clock,
  type ColumnarRows,
  type Logger,
  type LogRecord,
  type Metrics,
  quote,
  sqlName,
} from '../core/index.ts'
import { rowConverter, type Lake, type TableSnapshot } from '../lake/index.ts'
import type { Log } from '../log/index.ts'
import { openSqlEngine, type SqlEngine } from '../sql/index.ts'
import { featureError } from './errors.ts'
import { pastSql } from './past-sql.ts'
import type {
  FeatureFreshness,
  FeatureStore,
  FeatureTable,
  FeatureViewSpec,
} from './feature-view.ts'
import { createQuickRows } from './quick-rows.ts'
import { createOnlineView, type OnlineView } from './online-view.ts'
import { soundSnapshot } from './sound-snapshot.ts'
import { createWindowedView } from './windowed-view.ts'
import { followTopic, type TopicFollower } from './topic-follower.ts'
import { compileFeatureView } from './view-compiler.ts'
import { invalid, parseView } from './view-parser.ts'
import { eventTimeColumn, sourceColumns, sqlTypeOf, topicColumns } from './view-source.ts'
import { numberOf, parquetSource } from './view-sql.ts'

export interface FeatureStoreOptions {
  readonly log: Log
  /** Where the history of the tables is. A table that is not in the lake is rebuilt from the log. */
  readonly lake: Lake
  /** Tables that the views read from; each view names one of them. */
  readonly tables: readonly FeatureTable[]
  readonly views: readonly FeatureViewSpec[]
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  /** Most memory of the engine that aggregates, bytes; default 512 MiB. The states themselves are beside it. */
  readonly memoryBytes?: number
}

/** How often the lag is measured when nothing arrives, milliseconds. */
const LOOK_MS = 1_000
/** A window is computed anew at most this share of the time: while events pour in, they need the processors too. */
const SETTLING_SHARE = 0.2

/**
 * Resolves when every view holds the lake's history; the tail follows, and `refresh` waits for it. Throws
 * FEATURE_INVALID_VIEW, FEATURE_NOT_INCREMENTAL.
 */
export async function openFeatureStore(options: FeatureStoreOptions): Promise<FeatureStore> {
  const engine = await openSqlEngine({ memoryBytes: options.memoryBytes ?? 512 * 1024 ** 2 })
  const topics: TopicViews[] = []
  const close = async (): Promise<void> => {
    await Promise.all(topics.map((topic) => topic.close()))
    await engine.close()
  }
  try {
    const byTable = await compileAll(engine, options)
    for (const [table, views] of byTable) {
      topics.push(await openTopicViews(engine, options, table, views))
    }
  } catch (error) {
    await close()
    throw error
  }
  const views = new Map<string, OnlineView>()
  for (const spec of options.views) {
    for (const topic of topics) {
      const view = topic.views.find(({ compiled }) => compiled.view.name === spec.name)
      if (view) views.set(spec.name, view)
    }
  }
  const viewOf = (name: string): OnlineView => {
    const view = views.get(name)
    if (view) return view
    throw unknownView(name, options.views)
  }
  return {
    views: [...views.values()].map(({ compiled }) => compiled.view),
    get: (name, entity) => viewOf(name).get(entity),
    entities: (name) => viewOf(name).keys(),
    freshness: () => topics.flatMap((topic) => topic.freshness()),
    pastSql: (request) =>
      pastSql(
        request.views.map((name) => viewOf(name).compiled),
        request,
      ),
    refresh: async () => {
      await Promise.all(topics.map((topic) => topic.refresh()))
    },
    close,
  }
}

const unknownView = (name: string, views: readonly FeatureViewSpec[]): Error =>
  featureError(
    'FEATURE_UNKNOWN_VIEW',
    `there is no feature view ${quote(name)}: the app declares ${views.map((view) => view.name).join(', ') || 'none'}`,
    { details: { view: name } },
  )

async function compileAll(
  engine: SqlEngine,
  { tables, views }: FeatureStoreOptions,
): Promise<Map<FeatureTable, OnlineView[]>> {
  const byTable = new Map<FeatureTable, OnlineView[]>()
  for (const spec of views) {
    const { from_table: from } = await parseView(engine, spec)
    const name = from.table_name ?? ''
    const table =
      tables.find((candidate) => candidate.name.toLowerCase() === name.toLowerCase()) ??
      (tables.length === 1 ? tables[0] : undefined)
    if (!table) {
      throw invalid(
        spec,
        `reads from ${quote(name)}: the tables are ${tables.map((known) => known.name).join(', ')}`,
      )
    }
    const create = spec.windowMs === undefined ? createOnlineView : createWindowedView
    const view = create(await compileFeatureView(engine, spec, table))
    byTable.set(table, [...(byTable.get(table) ?? []), view])
  }
  return byTable
}

/** The views of one topic and the follower that feeds them. */
interface TopicViews {
  readonly views: readonly OnlineView[]
  freshness(): FeatureFreshness[]
  refresh(): Promise<void>
  close(): Promise<void>
}

async function openTopicViews(
  engine: SqlEngine,
  options: FeatureStoreOptions,
  table: FeatureTable,
  views: readonly OnlineView[],
): Promise<TopicViews> {
  const { log, lake, clock, logger, metrics } = options
  const started = clock.monotonic()
  const snapshot = await soundSnapshot(lake, table.name, logger)
  let dataAsOf = snapshot ? await rebuild(engine, table, views, snapshot) : undefined
  if (snapshot && snapshot.rows > 0) {
    logger.info(
      { table: table.name, rows: snapshot.rows, ms: Math.round(clock.monotonic() - started) },
      'features rebuilt from the lake',
    )
  }
  const takeRows = rowTaker(engine, table, views)
  let follower: TopicFollower | undefined
  const record = (): void => {
    for (const { compiled } of views) {
      metrics.record('feature_lag_records', { view: compiled.view.name }, follower?.lag() ?? 0)
    }
  }
  follower = await followTopic({
    log,
    topic: table.topic,
    holder: `features-${table.name}`,
    from: snapshot?.ends ?? new Map(),
    apply: async (records) => {
      const newest = await takeRows(records)
      if (newest !== undefined) dataAsOf = Math.max(dataAsOf ?? newest, newest)
    },
    clock,
    logger,
    onProgress: record,
  })
  const settle = async (): Promise<void> => {
    for (const view of views) await view.settle?.(engine)
  }
  await settle()
  const stopLooking = lookRegularly(follower, settle, clock)
  return {
    views,
    freshness: () =>
      views.map((view) => ({
        view: view.compiled.view.name,
        entities: view.entities,
        lagRecords: follower.lag(),
        ends: new Map(follower.ends),
        dataAsOf: view.asOf === undefined ? dataAsOf : view.asOf(),
      })),
    async refresh() {
      await follower.refresh()
      await settle()
    },
    async close() {
      await stopLooking()
      await follower.close()
    },
  }
}

function lookRegularly(
  follower: TopicFollower,
  settle: () => Promise<void>,
  clock: Clock,
): () => Promise<void> {
  let settling: Promise<void> | undefined
  let nextMs = clock.monotonic()
  const settleInTurn = async (): Promise<void> => {
    const began = clock.monotonic()
    // A computation that fails is tried again later; `refresh` tells of it.
    await settle().catch(() => undefined)
    const ended = clock.monotonic()
    nextMs = ended + (ended - began) * (1 / SETTLING_SHARE - 1)
    settling = undefined
  }
  const look = (): void => {
    // A log that cannot be asked is the follower's trouble; here only the measure is late.
    follower.look().catch(() => undefined)
    if (clock.monotonic() >= nextMs) settling ??= settleInTurn()
    cancel = clock.after(LOOK_MS, look)
  }
  let cancel = clock.after(LOOK_MS, look)
  return async () => {
    cancel()
    await settling
  }
}

/** Computes every view from the lake's files; answers the largest event time. */
async function rebuild(
  engine: SqlEngine,
  table: FeatureTable,
  views: readonly OnlineView[],
  snapshot: TableSnapshot,
): Promise<number | undefined> {
  if (snapshot.files.length === 0) return undefined
  const source = parquetSource(
    table,
    snapshot.files.map((file) => snapshot.path(file)),
  )
  for (const view of views) (await view.prepare(engine, source))()
  const time = numberOf(eventTimeColumn(table))
  const newest = await engine.queryColumns(`select max(${time}) as t from (${source})`)
  return finite(newest.numbers('t')[0])
}

const finite = (value: number | undefined): number | undefined =>
  value !== undefined && Number.isFinite(value) ? value : undefined

/** Records into all views of a table at once; answers the largest event time. */
function rowTaker(
  engine: SqlEngine,
  table: FeatureTable,
  views: readonly OnlineView[],
): (records: readonly LogRecord[]) => Promise<number | undefined> {
  const tail = `${table.name}.tail`
  const time = eventTimeColumn(table).name
  const needed = new Set([...views.flatMap(({ compiled }) => compiled.columns), time])
  const rowsOf = neededRows(table, needed)
  const ddl = sourceColumns(table)
    .filter(({ name }) => needed.has(name))
    .map((column) => `${sqlName(column.name)} ${sqlTypeOf(column)}`)
    .join(', ')
  return async (records) => {
    const rows = rowsOf(records)
    if (rows.length === 0) return undefined
    await engine.run(`create or replace table ${sqlName(tail)} (${ddl})`)
    await engine.append(tail, rows)
    const publish: (() => void)[] = []
    for (const view of views) {
      publish.push(await view.prepare(engine, `select * from ${sqlName(tail)}`))
    }
    for (const run of publish) run()
    return largest(rows.values[rows.columns.findIndex(({ name }) => name === time)] ?? [])
  }
}

/** The needed columns of the records that are rows; the others are in the dead letters, so they are no events of a view. */
function neededRows(
  table: FeatureTable,
  needed: ReadonlySet<string>,
): (records: readonly LogRecord[]) => ColumnarRows {
  const quick = createQuickRows(table, needed)
  const convert = rowConverter(topicColumns(table))
  return (records) => {
    const known = quick?.(records)
    if (known) return known
    const { columns, length, values } = convert(records).rows
    const kept = columns.flatMap(({ name }, at) => (needed.has(name) ? [at] : []))
    return { columns: pick(columns, kept), length, values: pick(values, kept) }
  }
}

const pick = <T>(all: readonly T[], at: readonly number[]): T[] =>
  all.filter((_, index) => at.includes(index))

function largest(cells: readonly Cell[]): number | undefined {
  let newest: number | undefined
  for (const cell of cells) {
    if (typeof cell !== 'number' && typeof cell !== 'bigint') continue
    const value = Number(cell)
    if (newest === undefined || value > newest) newest = value
  }
  return newest
}

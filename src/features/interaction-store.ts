/**
 * User histories and item catalogues, kept fresh from the log's tail and rebuilt from the lake at start: what a recommender
 * knows of a user at this moment, whatever was trained when.
 *
 * Guarantees: **I1** an answer covers every record acknowledged before the last `refresh` resolved, and usually every record
 * acknowledged some milliseconds ago. **I2** what is read from the lake and then from the tail is what the log holds, each
 * record once. **I3** an event costs the same however long the history is.
 */
import {
  type Cell,
  type Clock,
  type ColumnarRows,
  type Combine,
  type Logger,
  type LogRecord,
  sqlName,
} from '../core/index.ts'
import { rowConverter, type Lake } from '../lake/index.ts'
import type { Log } from '../log/index.ts'
import { openSqlEngine, type SqlEngine, type SqlValue } from '../sql/index.ts'
import type { FeatureTable } from './feature-view.ts'
import { InteractionTable } from './interaction-table.ts'
import { soundSnapshot } from './sound-snapshot.ts'
import { followTopic, type TopicFollower } from './topic-follower.ts'
import { topicColumns } from './view-source.ts'
import { parquetSource } from './view-sql.ts'

export interface InteractionStoreSpec {
  readonly name: string
  readonly table: FeatureTable
  readonly user: string
  readonly item: string
  readonly value?: string
  readonly combine: Combine
  /** Table whose rows describe items; the newest of an item counts. */
  readonly catalog?: CatalogSpec
}

export interface CatalogSpec {
  readonly table: FeatureTable
  readonly id: string
}

/** Most memory of the engine that reads the lake at the start, bytes. */
const ENGINE_BYTES = 512 * 1024 ** 2

/** What is known of an item beside its interactions, by column. */
export type ItemAttributes = Readonly<Record<string, Cell>>

export interface CatalogItem {
  readonly attributes: ItemAttributes
  /** When it was first described, milliseconds since 1970. */
  readonly since: number
}

export interface InteractionStore {
  readonly name: string
  readonly interactions: InteractionTable
  /** By item id; empty when no catalogue is declared. In the order in which items were first described. */
  readonly catalog: ReadonlyMap<string, CatalogItem>
  /** Records of the topics that are durable but not applied. */
  lag(): number
  /** Resolves when everything durable at the time of the call is applied. */
  refresh(): Promise<void>
  close(): Promise<void>
}

export interface InteractionStoreOptions {
  readonly log: Log
  readonly lake: Lake
  readonly clock: Clock
  readonly logger: Logger
}

export async function openInteractionStore(
  spec: InteractionStoreSpec,
  options: InteractionStoreOptions,
): Promise<InteractionStore> {
  const { clock, logger } = options
  const started = clock.monotonic()
  const interactions = new InteractionTable(spec.combine)
  const catalog = new Map<string, CatalogItem>()
  const followers: TopicFollower[] = []
  const close = async (): Promise<void> => {
    await Promise.all(followers.map((follower) => follower.close()))
  }
  try {
    followers.push(
      await fill(spec.table, `interactions-${spec.name}`, eventIntake(spec, interactions), options),
    )
    if (spec.catalog) {
      const intake = itemIntake(spec.catalog, catalog)
      followers.push(await fill(spec.catalog.table, `catalog-${spec.name}`, intake, options))
    }
  } catch (error) {
    await close()
    throw error
  }
  logger.info(
    {
      model: spec.name,
      pairs: interactions.pairs,
      items: catalog.size,
      ms: Math.round(clock.monotonic() - started),
    },
    'histories rebuilt',
  )
  return {
    name: spec.name,
    interactions,
    catalog,
    lag: () => followers.reduce((sum, follower) => sum + follower.lag(), 0),
    refresh: async () => {
      await Promise.all(followers.map((follower) => follower.refresh()))
    },
    close,
  }
}

/** What becomes of rows, wherever they come from. */
interface Intake {
  /** `source`: a SELECT of the table's columns. */
  lake(engine: SqlEngine, source: string): Promise<void>
  tail(rows: ColumnarRows): void
}

const idOf = (cell: Cell | undefined): string | undefined =>
  cell === undefined || cell === null || cell === '' ? undefined : String(cell)

const LOG_ORDER = 'order by "_partition", "_offset"'
const RECORD_TIME = 'epoch_us("_timestamp") / 1000.0'

function eventIntake(spec: InteractionStoreSpec, interactions: InteractionTable): Intake {
  const take = (user: Cell | undefined, item: Cell | undefined, value: number, time: number) => {
    const [userId, itemId] = [idOf(user), idOf(item)]
    if (userId !== undefined && itemId !== undefined) interactions.add(userId, itemId, value, time)
  }
  return {
    async lake(engine, source) {
      const value = spec.value === undefined ? '1' : sqlName(spec.value)
      const found = await engine.queryColumns(`select CAST(${sqlName(spec.user)} AS VARCHAR) as u,
        CAST(${sqlName(spec.item)} AS VARCHAR) as i, CAST(${value} AS DOUBLE) as v, ${RECORD_TIME} as t
        from (${source}) ${LOG_ORDER}`)
      const [users, items] = [found.texts('u'), found.texts('i')]
      const [values, times] = [found.numbers('v'), found.numbers('t')]
      for (const [row, user] of users.entries()) take(user, items[row], values[row]!, times[row]!)
    },
    tail(rows) {
      const [users, items] = [columnOf(rows, spec.user), columnOf(rows, spec.item)]
      const values = spec.value === undefined ? undefined : columnOf(rows, spec.value)
      const times = columnOf(rows, '_timestamp')
      for (let row = 0; row < rows.length; row++) {
        const value = values ? (values[row] ?? Number.NaN) : 1
        take(users[row], items[row], Number(value), Number(times[row]))
      }
    },
  }
}

function itemIntake(spec: CatalogSpec, catalog: Map<string, CatalogItem>): Intake {
  const columns = topicColumns(spec.table).map(({ name }) => name)
  const put = (cells: readonly Cell[], time: number): void => {
    const item = idOf(cells[columns.indexOf(spec.id)])
    if (item === undefined) return
    const attributes = columns.flatMap((name, at): [string, Cell][] =>
      name === spec.id ? [] : [[name, cells[at] ?? null]],
    )
    const since = catalog.get(item)?.since ?? time
    catalog.set(item, { attributes: Object.fromEntries(attributes), since })
  }
  return {
    async lake(engine, source) {
      const list = columns.map(sqlName).join(', ')
      const { rows } = await engine.query(
        `select ${list}, ${RECORD_TIME} from (${source}) ${LOG_ORDER}`,
      )
      for (const row of rows) put(row.slice(0, -1).map(asCell), Number(row.at(-1)))
    },
    tail(rows) {
      const cells = columns.map((name) => columnOf(rows, name))
      const times = columnOf(rows, '_timestamp')
      for (let row = 0; row < rows.length; row++)
        put(
          cells.map((column) => column[row] ?? null),
          Number(times[row]),
        )
    },
  }
}

const asCell = (value: SqlValue): Cell =>
  typeof value === 'object' && value !== null ? JSON.stringify(value) : value

function columnOf(rows: ColumnarRows, name: string): readonly Cell[] {
  const at = rows.columns.findIndex((column) => column.name === name)
  return rows.values[at] ?? []
}

/** The lake's rows first, in the order of the log, then the tail. */
async function fill(
  table: FeatureTable,
  holder: string,
  intake: Intake,
  options: InteractionStoreOptions,
): Promise<TopicFollower> {
  const { log, lake, clock, logger } = options
  const snapshot = await soundSnapshot(lake, table.name, logger)
  if (snapshot && snapshot.files.length > 0) {
    const files = snapshot.files.map((file) => snapshot.path(file))
    const engine = await openSqlEngine({ memoryBytes: ENGINE_BYTES })
    try {
      await intake.lake(engine, parquetSource(table, files))
    } finally {
      await engine.close()
    }
  }
  const convert = rowConverter(topicColumns(table))
  return followTopic({
    log,
    topic: table.topic,
    holder,
    from: snapshot?.ends ?? new Map(),
    apply: (records: readonly LogRecord[]) => {
      intake.tail(convert(records).rows)
      return Promise.resolve()
    },
    clock,
    logger,
  })
}

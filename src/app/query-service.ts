/**
 * A user's SQL (design D7): for each query every table is fixed at one snapshot plus the tail that continues it, written as
 * one Parquet file into a private folder, so an event is found as soon as it is acknowledged and never twice.
 */
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import {
  isMillraceError,
  type Clock,
  type ColumnarRows,
  type Limits,
  type Metrics,
} from '../core/index.ts'
import { sandboxView, type Lake } from '../lake/index.ts'
import type { SandboxResult, SandboxView, SqlSandbox } from '../sql/index.ts'
import type { TableSink } from '../stream/index.ts'
import type { QueryService } from './running-app.ts'
import type { ScoreTable } from './score-tables.ts'

export interface QueryServiceOptions {
  readonly lake: Lake
  /** By table name. */
  readonly sinks: ReadonlyMap<string, TableSink>
  /** Tables that are made for each query that names them. */
  readonly scores: readonly ScoreTable[]
  readonly sandbox: SqlSandbox
  /** Inside the sandbox's folder; each query gets its own below it. */
  readonly folder: string
  readonly limits: Limits
  readonly clock: Clock
  readonly metrics: Metrics
}

export function createQueryService(options: QueryServiceOptions): QueryService {
  const { limits, clock, metrics } = options
  let queries = 0
  let underWay = 0

  return {
    get underWay() {
      return underWay
    },
    async run(sql, request = {}) {
      const startedAt = clock.monotonic()
      const folder = join(options.folder, String(++queries))
      let outcome = 'ok'
      underWay++
      try {
        return await runIn(folder, sql, request)
      } catch (error) {
        outcome = isMillraceError(error) ? error.code : 'error'
        throw error
      } finally {
        underWay--
        await rm(folder, { recursive: true, force: true })
        const seconds = (clock.monotonic() - startedAt) / 1_000
        metrics.record('sql_query_duration_seconds', { outcome }, seconds)
      }
    },
  }

  async function runIn(
    folder: string,
    sql: string,
    request: NonNullable<Parameters<QueryService['run']>[1]>,
  ): Promise<SandboxResult> {
    const views = await Promise.all([
      ...[...options.sinks.values()].map((sink) => viewOf(sink, sql, folder)),
      ...options.scores.map((table) => scoresOf(table, sql, folder)),
    ])
    return options.sandbox.run({
      sql,
      views,
      maxRows: Math.min(request.maxRows ?? limits.sqlRows, limits.sqlRows),
      maxBytes: limits.sqlBytes,
      timeoutMs: Math.min(request.timeoutMs ?? limits.sqlTimeoutMs, limits.sqlTimeoutMs),
      ...(request.params && { params: request.params }),
      ...(request.signal && { signal: request.signal }),
    })
  }

  async function viewOf(sink: TableSink, sql: string, folder: string): Promise<SandboxView> {
    if (!isMentioned(sink.table, sql)) {
      return sandboxView(options.lake.table(sink.table).snapshot())
    }
    const { snapshot, rows } = await sink.tail()
    await options.lake.table(sink.table).check(snapshot)
    if (rows.length === 0) return sandboxView(snapshot)
    return sandboxView(snapshot, [await write(sink.table, rows, folder)])
  }

  async function scoresOf(table: ScoreTable, sql: string, folder: string): Promise<SandboxView> {
    const { name, columns } = table
    if (!isMentioned(name, sql)) return { name, columns, files: [] }
    return { name, columns, files: [await write(name, await table.rows(), folder)] }
  }

  async function write(table: string, rows: ColumnarRows, folder: string): Promise<string> {
    await mkdir(folder, { recursive: true, mode: 0o755 })
    const path = join(folder, `${table}.parquet`)
    await options.lake.writeRows(path, rows.columns, rows)
    return path
  }
}

/**
 * False only when the text cannot read the table: the sandbox refuses names that are put together at run time
 * (`query_table`), and with Unicode escapes (`U&"\0072atings"`) every table counts as mentioned.
 */
function isMentioned(table: string, sql: string): boolean {
  const text = sql.toLowerCase()
  return text.includes(table.toLowerCase()) || text.includes('u&"')
}

/** The embedded engine: DuckDB in memory, in this process, over files that it is told. */
import { DuckDBInstance, type DuckDBConnection, type DuckDBResult } from '@duckdb/node-api'
import type {
  ColumnResult,
  QueryOptions,
  QueryResult,
  SqlEngine,
  SqlEngineOptions,
} from '../../engine.ts'
import { sqlError } from '../../errors.ts'
import { appendRows } from './duckdb-append.ts'
import { readColumns } from './duckdb-columns.ts'
import { duckdbError } from './duckdb-errors.ts'
import { bindable, queryColumns, toSqlValue } from './duckdb-values.ts'

const DEFAULT_MEMORY_BYTES = 1024 ** 3
/** An interrupt that arrives before the query has begun is forgotten by DuckDB, so it is repeated until the query ends. */
const INTERRUPT_EVERY_MS = 10

export async function openDuckdbEngine(options: SqlEngineOptions = {}): Promise<SqlEngine> {
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(options.threads ?? 2),
    memory_limit: `${Math.round((options.memoryBytes ?? DEFAULT_MEMORY_BYTES) / 1024)}KiB`,
    temp_directory: options.spillDir ?? '',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  })
  const connection = await instance.connect()
  await connection.run("SET TimeZone = 'UTC'")
  return duckdbEngine(instance, connection)
}

function duckdbEngine(instance: DuckDBInstance, connection: DuckDBConnection): SqlEngine {
  const closing = new AbortController()
  let queue: Promise<unknown> = Promise.resolve()
  let closed: Promise<void> | undefined

  /** Runs `work` after everything before it, unless the signal or `close` comes first. */
  const enqueue = <T>(sql: string, signal: AbortSignal | undefined, work: () => Promise<T>) => {
    const stop = eitherSignal(closing.signal, signal)
    const run = queue.then(() => interruptible(connection, sql, stop.signal, work))
    queue = run.catch(() => undefined).then(stop.release)
    return unlessAborted(run, stop.signal)
  }

  return {
    name: 'duckdb',
    query: (sql, options) =>
      enqueue(sql, options?.signal, async () => rowsOf(await stream(connection, sql, options))),
    queryColumns: (sql, options): Promise<ColumnResult> =>
      enqueue(sql, options?.signal, async () =>
        readColumns(await stream(connection, sql, options)),
      ),
    run: (sql, options) =>
      enqueue(sql, options?.signal, async () => {
        const { values, types } = bindings(options)
        await (values.length > 0 ? connection.run(sql, values, types) : connection.run(sql))
      }),
    append: (table, rows) => enqueue('', undefined, () => appendRows(connection, table, rows)),
    close() {
      closed ??= (async () => {
        closing.abort(sqlError('SQL_CANCELLED', 'the SQL engine is closed: open a new one'))
        await queue
        connection.closeSync()
        instance.closeSync()
      })()
      return closed
    },
  }
}

function bindings(options: QueryOptions | undefined) {
  const bound = (options?.params ?? []).map(bindable)
  return { values: bound.map(([value]) => value), types: bound.map(([, type]) => type!) }
}

function stream(
  connection: DuckDBConnection,
  sql: string,
  options: QueryOptions | undefined,
): Promise<DuckDBResult> {
  const { values, types } = bindings(options)
  return values.length > 0 ? connection.stream(sql, values, types) : connection.stream(sql)
}

async function rowsOf(result: DuckDBResult): Promise<QueryResult> {
  const columns = queryColumns(result)
  const rows = await result.convertRows(toSqlValue)
  return { columns, rows }
}

/** `AbortSignal.any` keeps memory for as long as its longest source lives (Node 20); this one lets go. */
function eitherSignal(first: AbortSignal, second: AbortSignal | undefined) {
  const either = new AbortController()
  const sources = second ? [first, second] : [first]
  const abort = (event: Event): void => either.abort((event.target as AbortSignal).reason)
  for (const source of sources) {
    if (source.aborted) either.abort(source.reason)
    source.addEventListener('abort', abort, { once: true })
  }
  const release = (): void => {
    for (const source of sources) source.removeEventListener('abort', abort)
  }
  return { signal: either.signal, release }
}

const cancelled = (signal: AbortSignal): Error =>
  sqlError('SQL_CANCELLED', 'the query was cancelled before it ended', { cause: signal.reason })

async function interruptible<T>(
  connection: DuckDBConnection,
  sql: string,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  if (signal.aborted) throw cancelled(signal)
  let repeat: NodeJS.Timeout | undefined
  const interrupt = (): void => {
    connection.interrupt()
    repeat = setInterval(() => connection.interrupt(), INTERRUPT_EVERY_MS)
  }
  signal.addEventListener('abort', interrupt, { once: true })
  try {
    return await work()
  } catch (error) {
    throw signal.aborted ? cancelled(signal) : duckdbError(error, sql)
  } finally {
    signal.removeEventListener('abort', interrupt)
    clearInterval(repeat)
  }
}

/** Rejects at the abort also while the query still waits for its turn. */
function unlessAborted<T>(run: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(cancelled(signal))
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    run.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

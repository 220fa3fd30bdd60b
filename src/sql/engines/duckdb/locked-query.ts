/**
 * One query of a user in a DuckDB of its own, locked before the user's text is looked at. Runs in the sandbox's child only:
 * DuckDB is no privilege boundary, the process around it is (`sandbox/`).
 *
 * The order matters: views first (they need the files), then the list of files, then external access off, then the lock.
 */
import { DuckDBInstance, type DuckDBConnection, type DuckDBResult } from '@duckdb/node-api'
import { sqlName, sqlText, type Cell, type Column, type ColumnType } from '../../../core/index.ts'
import type { QueryColumn, SandboxView, SqlValue } from '../../engine.ts'
import { sqlError } from '../../errors.ts'
import { duckdbError } from './duckdb-errors.ts'
import { bindable, queryColumns, toSqlValue } from './duckdb-values.ts'
import { prepareReadOnly } from './statement-check.ts'

export interface LockedQuery {
  readonly sql: string
  readonly params: readonly Cell[]
  readonly views: readonly SandboxView[]
  readonly maxRows: number
  readonly maxBytes: number
  readonly memoryBytes: number
  readonly threads: number
}

export interface LockedAnswer {
  readonly columns: readonly QueryColumn[]
  /** Each row as the text of a JSON array; numbers that JSON cannot hold are texts. */
  readonly rows: readonly string[]
  readonly truncated: boolean
}

/** Runs it; `onStart` gets the function that interrupts it, which may be called at any time, more than once. */
export async function runLocked(
  query: LockedQuery,
  onStart: (interrupt: () => void) => void,
): Promise<LockedAnswer> {
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(query.threads),
    memory_limit: `${Math.round(query.memoryBytes / 1024)}KiB`,
    temp_directory: '',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
  })
  const connection = await instance.connect()
  onStart(() => connection.interrupt())
  try {
    for (const view of query.views) await createView(connection, view)
    await lock(connection, query.views)
    return await answer(connection, query)
  } catch (error) {
    throw duckdbError(error, query.sql)
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

const SQL_TYPES: Readonly<Record<ColumnType, string>> = {
  boolean: 'BOOLEAN',
  integer: 'BIGINT',
  int64: 'BIGINT',
  double: 'DOUBLE',
  text: 'VARCHAR',
  timestamp: 'TIMESTAMPTZ',
  json: 'JSON',
}

/** The folder of rows without a value, or with one that no folder can have. */
const HIVE_NULL = '__HIVE_DEFAULT_PARTITION__'

async function createView(connection: DuckDBConnection, view: SandboxView): Promise<void> {
  const head = `CREATE VIEW ${sqlName(view.name)} AS`
  const empty = `SELECT ${view.columns.map(emptyColumn).join(', ')} WHERE false`
  const sources = sourcesOf(view)
  const names = view.columns.map(({ name }) => sqlName(name)).join(', ')
  const [only] = sources
  if (sources.length === 1 && only !== undefined) {
    try {
      await connection.run(`${head} SELECT ${names} FROM ${only}`)
      return
    } catch (error) {
      // No file has the newest column yet.
      if (!(error instanceof Error) || !error.message.startsWith('Binder Error')) throw error
    }
  }
  const union = [empty, ...sources.map((source) => `SELECT * FROM ${source}`)]
  await connection.run(`${head} SELECT ${names} FROM (${union.join(' UNION ALL BY NAME ')})`)
}

/** The files as tables: those whose folders tell the exact values of the partition columns, and the others. */
function sourcesOf({
  files,
  wholeFiles = [],
  columns,
  partitionColumns = [],
}: SandboxView): string[] {
  const isPartitioned = (file: string): boolean =>
    partitionColumns.length > 0 &&
    partitionColumns.every((name) => {
      const value = file.split(`/${name}=`)[1]?.split('/')[0]
      return value !== undefined && value !== HIVE_NULL
    })
  const types = columns
    .filter(({ name }) => partitionColumns.includes(name))
    .map((column) => `${sqlText(column.name)}: ${SQL_TYPES[column.type]}`)
  const options = `hive_partitioning = true, hive_types = {${types.join(', ')}}`
  // To join columns by name, the engine opens every file before it begins.
  const whole = new Set(wholeFiles)
  return [true, false].flatMap((isWhole) => {
    const some = files.filter((file) => whole.has(file) === isWhole)
    const names = `union_by_name = ${!isWhole}`
    const others = some.filter((file) => !isPartitioned(file))
    return [
      ...reading(others, `${names}, hive_partitioning = false`),
      ...reading(some.filter(isPartitioned), `${names}, ${options}`),
    ]
  })
}

const reading = (files: readonly string[], options: string): string[] =>
  files.length === 0 ? [] : [`read_parquet([${files.map(sqlText).join(', ')}], ${options})`]

const emptyColumn = ({ name, type }: Column): string =>
  `NULL::${SQL_TYPES[type]} AS ${sqlName(name)}`

async function lock(connection: DuckDBConnection, views: readonly SandboxView[]): Promise<void> {
  const paths = views.flatMap(({ files }) => files).map(sqlText)
  await connection.run(`
    SET TimeZone = 'UTC';
    SET allowed_paths = [${paths.join(', ')}];
    SET enable_external_access = false;
    SET lock_configuration = true`)
}

async function answer(connection: DuckDBConnection, query: LockedQuery): Promise<LockedAnswer> {
  const names = new Set(query.views.map(({ name }) => name.toLowerCase()))
  const prepared = await prepareReadOnly(connection, query.sql, names)
  if (prepared.parameterCount !== query.params.length) {
    throw sqlError(
      'SQL_INVALID',
      `the statement has ${prepared.parameterCount} parameters and ${query.params.length} values were sent: send one value for each`,
    )
  }
  query.params.forEach((cell, index) => prepared.bindValue(index + 1, ...bindable(cell)))
  return readCapped(await prepared.stream(), query)
}

async function readCapped(
  result: DuckDBResult,
  { maxRows, maxBytes }: LockedQuery,
): Promise<LockedAnswer> {
  const columns = queryColumns(result)
  const rows: string[] = []
  let bytes = 0
  for (;;) {
    const chunk = await result.fetchChunk()
    if (!chunk || chunk.rowCount === 0) return { columns, rows, truncated: false }
    for (let row = 0; row < chunk.rowCount; row++) {
      if (rows.length === maxRows) return { columns, rows, truncated: true }
      const text = JSON.stringify(chunk.convertRowValues(row, jsonValue))
      bytes += Buffer.byteLength(text) + 1
      if (bytes > maxBytes) return { columns, rows, truncated: true }
      rows.push(text)
    }
  }
}

const jsonValue = (value: Parameters<typeof toSqlValue>[0]): SqlValue => jsonSafe(toSqlValue(value))

function jsonSafe(value: SqlValue): SqlValue {
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(jsonSafe)
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, jsonSafe(part)]))
}

/**
 * Rows to a Parquet file, and files to one Parquet file, through the SQL engine. The bytes depend on nothing but the rows,
 * the columns and the facts: one thread, insertion order, fixed row groups. Replaying the log gives the same digests.
 */
import { stat } from 'node:fs/promises'
import {
  sqlName,
  sqlText,
  type Cell,
  type Column,
  type ColumnarRows,
  type ColumnType,
  type OffsetRange,
} from '../core/index.ts'
import type { SqlEngine } from '../sql/index.ts'
import { ROW_GROUP_ROWS, stagedName } from './staging/staged-file.ts'

const SQL_TYPES: Readonly<Record<ColumnType, string>> = {
  boolean: 'BOOLEAN',
  integer: 'BIGINT',
  int64: 'BIGINT',
  double: 'DOUBLE',
  text: 'VARCHAR',
  timestamp: 'TIMESTAMPTZ',
  json: 'JSON',
}

/** Small facts that go into the file's own metadata: they make a file tell what it is without the manifest. */
export type FileFacts = Readonly<Record<string, string>>

let stages = 0

/** Writes `rows` under `path`, which is overwritten. Not synced. */
export async function writeRowsTo(
  engine: SqlEngine,
  path: string,
  rows: ColumnarRows,
  facts: FileFacts = {},
): Promise<void> {
  const stage = `stage_${++stages}`
  const columns = rows.columns.map((column, index) => ({
    column,
    values: rows.values[index] ?? [],
    literal: index === 0 ? undefined : literalOf(column, rows.values[index] ?? []),
  }))
  const staged = columns
    .filter(({ literal }) => literal === undefined)
    .map(({ column, values }) => ({ column: stagedAs(column), values }))
  const definition = staged.map(({ column }) => `${sqlName(column.name)} ${sqlType(column)}`)
  const select = columns.map(
    ({ column, literal = unstaged(column) }) => `${literal} AS ${sqlName(column.name)}`,
  )
  await engine.run(`CREATE TABLE ${stage} (${definition.join(', ')})`)
  try {
    await engine.append(stage, {
      columns: staged.map(({ column }) => column),
      values: staged.map(({ values }) => values),
      length: rows.length,
    })
    await engine.run(
      `COPY (SELECT ${select.join(', ')} FROM ${stage}) TO ${sqlText(path)} (${copyOptions(facts)})`,
    )
  } finally {
    await engine.run(`DROP TABLE ${stage}`)
  }
}

export interface StagedSource {
  readonly path: string
  readonly topic: string
  readonly partition: number
  /** Columns of the staged file, in its order. */
  readonly staged: readonly Column[]
}

/** The same file as `writeRowsTo` makes of the same rows, from a staged one. */
export async function copyStagedTo(
  engine: SqlEngine,
  path: string,
  { path: from, topic, partition, staged }: StagedSource,
  columns: readonly Column[],
  facts: FileFacts,
): Promise<void> {
  const valueOf = (column: Column): string => {
    if (column.name === '_topic') return sqlText(topic)
    if (column.name === '_partition') return `${partition}::BIGINT`
    const index = staged.findIndex(({ name }) => name === column.name)
    return index < 0 ? `NULL::${sqlType(column)}` : unstaged({ ...column, name: stagedName(index) })
  }
  const select = columns.map((column) => `${valueOf(column)} AS ${sqlName(column.name)}`)
  await engine.run(
    `COPY (SELECT ${select.join(', ')} FROM read_parquet(${sqlText(from)}, hive_partitioning = false)) TO ${sqlText(path)} (${copyOptions(facts)})`,
  )
}

/** Milliseconds go through JavaScript as whole numbers: an object for each of them costs more than all else of a row. */
const stagedAs = (column: Column): Column =>
  column.type === 'timestamp' ? { ...column, type: 'integer' } : column

const unstaged = ({ name, type }: Column): string =>
  type === 'timestamp' ? `make_timestamptz(${sqlName(name)} * 1000)` : sqlName(name)

/** Longer texts are not put into a statement. */
const MAX_LITERAL = 1_000

/**
 * A column with the same cell in every row, as SQL, when it is NULL, a text or a whole number: it need not go row by row
 * through JavaScript. Of the columns that say where a record came from most are so.
 */
function literalOf(column: Column, cells: readonly Cell[]): string | undefined {
  const [first] = cells
  if (first === undefined || cells.some((cell) => cell !== first)) return undefined
  if (first === null) return `NULL::${sqlType(column)}`
  const isText = column.type === 'text' && typeof first === 'string' && first.length <= MAX_LITERAL
  if (isText && !first.includes('\0')) return sqlText(first)
  const isWhole = column.type === 'integer' && typeof first === 'number'
  return isWhole ? `${first}::BIGINT` : undefined
}

/** Copies the rows of several files, in the order given, into one. Columns that an older file lacks are null. */
export async function mergeFilesTo(
  engine: SqlEngine,
  path: string,
  columns: readonly Column[],
  sources: readonly string[],
  facts: FileFacts,
): Promise<void> {
  await engine.run(
    `COPY (${selectFiles(columns, sources)}) TO ${sqlText(path)} (${copyOptions(facts)})`,
  )
}

/** Rows of the files, whatever columns each of them has, in the table's columns. */
function selectFiles(columns: readonly Column[], files: readonly string[]): string {
  const empty = columns.map((column) => `NULL::${sqlType(column)} AS ${sqlName(column.name)}`)
  const list = files.map(sqlText).join(', ')
  return `SELECT ${empty.join(', ')} WHERE false UNION ALL BY NAME SELECT * FROM read_parquet([${list}], union_by_name = true, hive_partitioning = false)`
}

export async function countRows(engine: SqlEngine, path: string): Promise<number> {
  const { rows } = await engine.query(
    `SELECT num_rows FROM parquet_file_metadata(${sqlText(path)})`,
  )
  return Number(rows[0]?.[0])
}

/** Reads every value of the file: whether its rows are of the range, each offset once. Throws when a page cannot be read. */
export async function hasRowsOfRange(
  engine: SqlEngine,
  path: string,
  { partition, first, last, rows: wanted }: OffsetRange & { readonly rows: number },
): Promise<boolean> {
  const { rows } = await engine.query(
    `SELECT count(*), count(DISTINCT _offset), count(*) FILTER (_partition <> ${partition} OR _offset NOT BETWEEN ${first} AND ${last}), bit_xor(hash(r)) FROM read_parquet(${sqlText(path)}, hive_partitioning = false) r`,
  )
  const [count, distinct, strays] = (rows[0] ?? []).map(Number)
  return count === wanted && distinct === wanted && strays === 0
}

/** A text that `writeRowsTo` put into a file's metadata. */
export async function readFact(
  engine: SqlEngine,
  path: string,
  key: string,
): Promise<string | undefined> {
  const { rows } = await engine.query(
    `SELECT decode(value) FROM parquet_kv_metadata(${sqlText(path)}) WHERE decode(key) = ${sqlText(key)}`,
  )
  const value = rows[0]?.[0]
  return typeof value === 'string' ? value : undefined
}

export const sizeOf = async (path: string): Promise<number> => (await stat(path)).size

function copyOptions(facts: FileFacts): string {
  const pairs = Object.entries(facts).map(([key, value]) => `${sqlText(key)}: ${sqlText(value)}`)
  const metadata = pairs.length > 0 ? `, KV_METADATA {${pairs.join(', ')}}` : ''
  return `FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${ROW_GROUP_ROWS}, USE_TMP_FILE false${metadata}`
}

const sqlType = (column: Column): string => SQL_TYPES[column.type]

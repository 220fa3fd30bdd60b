/** Parquet: rows in the file's order, read in pages by the SQL engine. */
import { createHash } from 'node:crypto'
import { quote, sqlName, sqlText, type Column } from '../../../core/index.ts'
import {
  openSqlEngine,
  type QueryResult,
  type SqlEngine,
  type SqlValue,
} from '../../../sql/index.ts'
import type { SourceEvent } from '../../ingest.ts'
import { failed, type DataFile } from '../data-file.ts'
import type { FileOptions, FileSource, SourceFormat } from '../source.ts'

export const parquetSource: SourceFormat = {
  name: 'parquet',
  summary: 'Parquet files, not compressed as a whole',
  extensions: ['.parquet'],
  open: openParquet,
}

/** Rows of one query: one scan of the file's row groups each. */
const PAGE_ROWS = 50_000
/** Bytes of the file that its digest is made of. */
const DIGEST_BYTES = 64 * 1024 * 1024

async function openParquet(file: DataFile, options: FileOptions): Promise<FileSource> {
  if (!file.isPlain) throw failed(file.path, 'is compressed as a whole: unpack the Parquet file')
  return withEngine(async (engine) => {
    const described = await ask(engine, file, `DESCRIBE SELECT * FROM ${table(file)}`)
    const inFile = described.rows.map(([name]) => name as string)
    const counted = await ask(engine, file, `SELECT count(*) FROM ${table(file)}`)
    const plan = planColumns(file, inFile, options)
    return {
      id: `file:${file.name}`,
      fingerprint: await digest(file),
      file: file.name,
      format: 'parquet',
      encoding: 'utf-8',
      fields: inFile,
      total: Number(counted.rows[0]?.[0] ?? 0),
      warnings:
        plan.unused.length > 0
          ? [
              `${file.name}: columns without a field in the topic are left out: ${plan.unused.join(', ')}`,
            ]
          : [],
      events: (from, signal) => readPages(file, plan.columns, from, signal),
    }
  })
}

interface ParquetPlan {
  readonly columns: readonly Column[]
  readonly unused: readonly string[]
}

function planColumns(file: DataFile, inFile: readonly string[], options: FileOptions): ParquetPlan {
  const asText = (name: string): Column => ({ name, type: 'json', nullable: true })
  if (!options.columns) return { columns: inFile.map(asText), unused: [] }
  const missing = options.columns.find(({ name, nullable }) => !nullable && !inFile.includes(name))
  if (missing) {
    throw failed(
      file.path,
      `has no column ${quote(missing.name)}, its columns are ${quote(inFile.join(', '))}`,
    )
  }
  const declared = new Set(options.columns.map(({ name }) => name))
  const columns = options.columns.filter(({ name }) => inFile.includes(name))
  const rest = inFile.filter((name) => !declared.has(name))
  return options.extras === 'keep'
    ? { columns: [...columns, ...rest.map(asText)], unused: [] }
    : { columns, unused: rest }
}

async function* readPages(
  file: DataFile,
  columns: readonly Column[],
  from: number,
  signal?: AbortSignal,
): AsyncGenerator<SourceEvent[]> {
  const engine = await openSqlEngine({ threads: 1 })
  try {
    const names = columns.map(({ name }) => sqlName(name)).join(', ')
    for (let row = from - 1; ; row += PAGE_ROWS) {
      const sql = `SELECT ${names} FROM ${table(file, 'file_row_number = true')} WHERE file_row_number >= ${row} AND file_row_number < ${row + PAGE_ROWS} ORDER BY file_row_number`
      const { rows } = await ask(engine, file, sql, signal)
      if (rows.length > 0) {
        yield rows.map((cells, i) => ({
          bytes: Buffer.from(rowJson(columns, cells)),
          position: row + i + 1,
        }))
      }
      if (rows.length < PAGE_ROWS) return
    }
  } finally {
    await engine.close()
  }
}

function rowJson(columns: readonly Column[], cells: readonly SqlValue[]): string {
  const parts: string[] = []
  for (const [i, { name, type }] of columns.entries()) {
    const value = cells[i]
    if (value === null || value === undefined) continue
    parts.push(`${JSON.stringify(name)}:${cellJson(value, type)}`)
  }
  return `{${parts.join()}}`
}

function cellJson(value: SqlValue, type: Column['type']): string {
  if (typeof value === 'bigint') return type === 'int64' ? `"${value}"` : String(value)
  if (type === 'int64' && typeof value === 'number') return `"${value}"`
  // JSON has no NaN and no infinity; as text the schema refuses them with the field's name.
  if (typeof value === 'number' && !Number.isFinite(value)) return `"${value}"`
  if (type === 'timestamp' && typeof value === 'string' && /T[\d:.]+$/.test(value)) {
    return `"${value}Z"`
  }
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'bigint' ? String(inner) : inner,
  )
}

const table = (file: DataFile, option = ''): string =>
  `read_parquet(${sqlText(file.path)}${option === '' ? '' : `, ${option}`})`

async function ask(
  engine: SqlEngine,
  file: DataFile,
  sql: string,
  signal?: AbortSignal,
): Promise<QueryResult> {
  try {
    return await engine.query(sql, { signal })
  } catch (error) {
    signal?.throwIfAborted()
    throw failed(file.path, 'is no readable Parquet file: fetch it again', error)
  }
}

async function withEngine<Result>(use: (engine: SqlEngine) => Promise<Result>): Promise<Result> {
  const engine = await openSqlEngine({ threads: 1 })
  try {
    return await use(engine)
  } finally {
    await engine.close()
  }
}

async function digest(file: DataFile): Promise<string> {
  const hash = createHash('sha256')
  let left = DIGEST_BYTES
  for await (const chunk of file.read()) {
    hash.update(chunk)
    left -= chunk.length
    if (left <= 0) break
  }
  return `sha256:${hash.digest('hex').slice(0, 32)}:${file.sizeBytes}`
}

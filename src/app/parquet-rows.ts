/** Rows of a Parquet file in their order, and the file that holds them with what was answered: for predictions in bulk. */
import { sqlName, sqlText } from '../core/index.ts'
import { openSqlEngine, type SqlEngine, type SqlValue } from '../sql/index.ts'
import { appError } from './errors.ts'

export type RowCell = string | number | boolean | null

export interface ParquetRows {
  readonly count: number
  readonly columns: readonly string[]
  /** Rows `from` to `from + most - 1`. Whole numbers beyond ± (2^53 − 1) and times come as texts. */
  read(from: number, most: number): Promise<Record<string, RowCell>[]>
  /**
   * Writes the input's columns, as they are, beside those of `answers`: a file of JSON lines with one object for each row, in
   * order, of which `types` says the columns.
   */
  join(answers: string, types: Readonly<Record<string, string>>, to: string): Promise<void>
  close(): Promise<void>
}

/** Throws APP_NO_ROWS when the file cannot be read as Parquet. */
export async function openParquetRows(path: string): Promise<ParquetRows> {
  const engine = await openSqlEngine()
  const source = `read_parquet(${sqlText(path)}, file_row_number = true)`
  try {
    const { rows } = await engine.query(`select count(*) from ${source}`)
    const { columns } = await engine.query(`select * from read_parquet(${sqlText(path)}) limit 0`)
    const names = columns.map((column) => column.name)
    const selected = columns.map(({ name: own, type }) =>
      type.startsWith('TIMESTAMP') || type === 'DATE' ? `${sqlName(own)}::varchar` : sqlName(own),
    )
    return {
      count: Number(rows[0]?.[0]),
      columns: names,
      async read(from, most) {
        const found = await engine.query(
          `select ${selected.join(', ')} from ${source}
           where file_row_number between ${from} and ${from + most - 1} order by file_row_number`,
        )
        return found.rows.map((row) =>
          Object.fromEntries(names.map((column, at) => [column, cellOf(row[at])])),
        )
      },
      join: (answers, types, to) => join(engine, { source, names, answers, types, to }),
      close: () => engine.close(),
    }
  } catch (cause) {
    await engine.close()
    throw appError(
      'APP_NO_ROWS',
      `${path} cannot be read as Parquet: ${(cause as Error).message}`,
      {
        cause,
      },
    )
  }
}

interface Joined {
  readonly source: string
  readonly names: readonly string[]
  readonly answers: string
  readonly types: Readonly<Record<string, string>>
  readonly to: string
}

async function join(engine: SqlEngine, joined: Joined): Promise<void> {
  const { source, names, answers, types, to } = joined
  const columns = Object.entries({ row: 'BIGINT', ...types })
  const listed = columns.map(([column, type]) => `${sqlText(column)}: ${sqlText(type)}`)
  const own = names.map((column) => `i.${sqlName(column)}`)
  // A column of the input keeps its name; an answer of the same name stands beside it.
  const answered = Object.keys(types).map(
    (column) =>
      `a.${sqlName(column)} as ${sqlName(names.includes(column) ? `predicted_${column}` : column)}`,
  )
  await engine.run(`copy (
    select ${[...own, ...answered].join(', ')}
    from ${source} i
    join read_json(${sqlText(answers)}, format = 'newline_delimited', columns = {${listed.join(', ')}}) a
      on i.file_row_number = a.row
    order by i.file_row_number
  ) to ${sqlText(to)} (format parquet, compression zstd)`)
}

function cellOf(value: SqlValue | undefined): RowCell {
  if (typeof value === 'bigint') return String(value)
  if (value === undefined || value === null || typeof value === 'object') return null
  return value
}

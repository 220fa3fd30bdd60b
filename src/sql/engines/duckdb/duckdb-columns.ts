/** Columns of a streamed result: typed arrays and string arrays, filled chunk by chunk, no object per row. */
import { DuckDBTypeId, type DuckDBResult, type DuckDBValue } from '@duckdb/node-api'
import { quote } from '../../../core/index.ts'
import type { ColumnResult } from '../../engine.ts'
import { sqlError } from '../../errors.ts'
import { millisOf, toSqlValue } from './duckdb-values.ts'

interface ColumnStore {
  add(value: DuckDBValue, row: number): void
  reserve(rows: number): void
  numbers(length: number): Float64Array
  texts(length: number): (string | null)[]
}

export async function readColumns(result: DuckDBResult): Promise<ColumnResult> {
  const names = result.columnNames()
  const stores = names.map((_, index) => columnStore(result.columnTypeId(index)))
  let length = 0
  for (;;) {
    const chunk = await result.fetchChunk()
    if (!chunk || chunk.rowCount === 0) break
    const count = chunk.rowCount
    stores.forEach((store, index) => {
      store.reserve(length + count)
      const vector = chunk.getColumnVector(index)
      for (let row = 0; row < count; row++) store.add(vector.getItem(row), length + row)
    })
    length += count
  }
  const find = (name: string): ColumnStore => {
    const store = stores[names.indexOf(name)]
    if (!store)
      throw sqlError(
        'SQL_INVALID',
        `the result has no column ${quote(name)}: it has ${names.join(', ')}`,
      )
    return store
  }
  return {
    length,
    names,
    numbers: (name) => find(name).numbers(length),
    texts: (name) => find(name).texts(length),
  }
}

function columnStore(type: DuckDBTypeId): ColumnStore {
  switch (type) {
    case DuckDBTypeId.BOOLEAN:
    case DuckDBTypeId.TINYINT:
    case DuckDBTypeId.SMALLINT:
    case DuckDBTypeId.INTEGER:
    case DuckDBTypeId.UTINYINT:
    case DuckDBTypeId.USMALLINT:
    case DuckDBTypeId.UINTEGER:
    case DuckDBTypeId.FLOAT:
    case DuckDBTypeId.DOUBLE:
    case DuckDBTypeId.BIGINT:
    case DuckDBTypeId.UBIGINT:
    case DuckDBTypeId.HUGEINT:
    case DuckDBTypeId.UHUGEINT:
    case DuckDBTypeId.DECIMAL:
      return numberStore(Number)
    case DuckDBTypeId.DATE:
    case DuckDBTypeId.TIMESTAMP:
    case DuckDBTypeId.TIMESTAMP_TZ:
    case DuckDBTypeId.TIMESTAMP_MS:
    case DuckDBTypeId.TIMESTAMP_S:
    case DuckDBTypeId.TIMESTAMP_NS:
      return numberStore(millisOf)
    default:
      return textStore()
  }
}

/** Keeps the text of a value only where the number is not exact, or where the text is not the number's. */
function numberStore(convert: (value: DuckDBValue) => number): ColumnStore {
  let values = new Float64Array(2_048)
  const exactTexts = new Map<number, string>()
  return {
    reserve(rows) {
      if (rows <= values.length) return
      const grown = new Float64Array(Math.max(rows, values.length * 2))
      grown.set(values)
      values = grown
    },
    add(value, row) {
      if (value === null) {
        values[row] = Number.NaN
        return
      }
      const number = typeof value === 'number' ? value : convert(value)
      values[row] = number
      if (typeof value === 'bigint' && Number.isSafeInteger(number)) return
      if (typeof value !== 'number') exactTexts.set(row, textOf(value))
    },
    numbers: (length) => values.slice(0, length),
    texts: (length) =>
      Array.from({ length }, (_, row) => {
        const value = values[row]
        return exactTexts.get(row) ?? (Number.isNaN(value) ? null : String(value))
      }),
  }
}

function textStore(): ColumnStore {
  const values: (string | null)[] = []
  return {
    reserve: () => {},
    add(value) {
      values.push(value === null ? null : textOf(value))
    },
    numbers: (length) => new Float64Array(length).fill(Number.NaN),
    texts: () => values.slice(),
  }
}

function textOf(value: DuckDBValue): string {
  if (typeof value === 'string') return value
  const plain = toSqlValue(value)
  if (typeof plain === 'string') return plain
  if (typeof plain === 'bigint') return String(plain)
  return JSON.stringify(plain, (_, part: unknown) =>
    typeof part === 'bigint' ? String(part) : part,
  )
}

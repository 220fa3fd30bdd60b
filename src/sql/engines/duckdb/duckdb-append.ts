/** Columnar rows into a table through data chunks: about twice as fast as the row appender. */
import { setImmediate } from 'node:timers/promises'
import {
  DuckDBDataChunk,
  DuckDBTimestampTZValue,
  DuckDBTypeId,
  type DuckDBConnection,
  type DuckDBType,
  type DuckDBValue,
} from '@duckdb/node-api'
import type { Cell, ColumnarRows } from '../../../core/index.ts'
import { sqlError } from '../../errors.ts'

/** DuckDB's vector size: a chunk cannot hold more. */
const CHUNK_ROWS = 2_048

export async function appendRows(
  connection: DuckDBConnection,
  table: string,
  rows: ColumnarRows,
): Promise<void> {
  const appender = await connection.createAppender(table)
  try {
    if (appender.columnCount !== rows.columns.length) {
      throw sqlError(
        'SQL_INVALID',
        `table ${table} has ${appender.columnCount} columns and the rows have ${rows.columns.length}: give the same columns in the same order`,
      )
    }
    const types = rows.columns.map((_, index) => appender.columnType(index))
    for (let start = 0; start < rows.length; start += CHUNK_ROWS) {
      appender.appendDataChunk(chunkOf(rows, types, start))
      // Filling a chunk of thirty columns takes some ten milliseconds on the event loop.
      await setImmediate()
    }
  } finally {
    appender.closeSync()
  }
}

function chunkOf(rows: ColumnarRows, types: readonly DuckDBType[], start: number): DuckDBDataChunk {
  const count = Math.min(CHUNK_ROWS, rows.length - start)
  const chunk = DuckDBDataChunk.create(types, count)
  types.forEach((type, index) => {
    const vector = chunk.getColumnVector(index)
    const cells = rows.values[index] ?? []
    const convert = converter(type.typeId)
    for (let row = 0; row < count; row++) {
      const cell = cells[start + row]
      vector.setItem(row, cell === null || cell === undefined ? null : convert(cell))
    }
    vector.flush()
  })
  return chunk
}

function converter(type: DuckDBTypeId): (cell: Exclude<Cell, null>) => DuckDBValue {
  switch (type) {
    case DuckDBTypeId.BIGINT:
      return (cell) => (typeof cell === 'bigint' ? cell : BigInt(cell))
    case DuckDBTypeId.DOUBLE:
      return Number
    case DuckDBTypeId.TIMESTAMP_TZ:
      return (cell) => new DuckDBTimestampTZValue(BigInt(cell) * 1_000n)
    case DuckDBTypeId.VARCHAR:
      return String
    default:
      return (cell) => cell
  }
}

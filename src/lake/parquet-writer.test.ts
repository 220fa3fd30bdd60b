/** K: columns that are one value in every row are not written row by row; a foreign reader sees no difference. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Cell, Column } from '../core/index.ts'
import { openSqlEngine, type SqlEngine } from '../sql/index.ts'
import { writeRowsTo } from './parquet-writer.ts'

let dir: string
let engine: SqlEngine
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'millrace-parquet-'))
  engine = await openSqlEngine()
})
afterAll(async () => {
  await engine.close()
  rmSync(dir, { recursive: true, force: true })
})

const column = (name: string, type: Column['type']): Column => ({ name, type, nullable: true })
const TEXT = "it's; -- 'one' \\ \"text\" 🚂"
const TIME = Date.UTC(2026, 0, 31, 12, 0, 0, 123)
const COLUMNS: readonly (readonly [Column, (row: number) => Cell])[] = [
  [column('n', 'integer'), (row) => row],
  [column('same text', 'text'), () => TEXT],
  [column('long text', 'text'), () => 'x'.repeat(2_000)],
  [column('text with a zero', 'text'), () => 'a\0b'],
  [column('same integer', 'integer'), () => Number.MIN_SAFE_INTEGER],
  [column('same double', 'double'), () => 0.1],
  [column('same boolean', 'boolean'), () => true],
  [column('same time', 'timestamp'), () => TIME],
  [column('times', 'timestamp'), (row) => (row % 3 === 0 ? null : -TIME + row)],
  [column('no text', 'text'), () => null],
  [column('no time', 'timestamp'), () => null],
  [column('no double', 'double'), () => null],
  [column('no integer', 'integer'), () => null],
  [column('only the last', 'text'), (row) => (row === 2_999 ? 'last' : null)],
]

/** As hyparquet answers them. */
function seen(type: Column['type'], cell: Cell): unknown {
  if (cell === null) return undefined
  if (type === 'timestamp') return new Date(Number(cell))
  return type === 'integer' ? BigInt(cell) : cell
}

describe('columns with one value in every row', () => {
  for (const length of [0, 1, 3_000]) {
    test(`are read as they were given, ${length} rows`, async () => {
      const path = join(dir, `${length}.parquet`)
      const rows = {
        columns: COLUMNS.map(([one]) => one),
        values: COLUMNS.map(([, cell]) => Array.from({ length }, (_, row) => cell(row))),
        length,
      }
      await writeRowsTo(engine, path, rows)
      const bytes = readFileSync(path)
      const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
      const found = await parquetReadObjects({ file, compressors })
      expect(found).toHaveLength(length)
      for (const [at, row] of found.entries()) {
        const wanted = COLUMNS.map(([{ type }, cell]) => seen(type, cell(at)))
        expect(COLUMNS.map(([{ name }]) => row[name] ?? undefined)).toEqual(wanted)
      }
      const { rows: described } = await engine.query(`DESCRIBE SELECT * FROM '${path}'`)
      expect(described.map(([name, type]) => [name, type])).toEqual(
        COLUMNS.map(([{ name, type }]) => [name, SQL_TYPES[type]]),
      )
    })
  }
})

const SQL_TYPES: Partial<Record<Column['type'], string>> = {
  integer: 'BIGINT',
  text: 'VARCHAR',
  double: 'DOUBLE',
  boolean: 'BOOLEAN',
  timestamp: 'TIMESTAMP WITH TIME ZONE',
}

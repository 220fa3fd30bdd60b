/**
 * From the text fields of a row to the JSON of an event, by the types of the topic's columns. Strict: `4` is fine for a
 * double and `4.0` too, `4.0` is no integer, ` 4` is no number, and nothing is guessed. A number keeps its spelling.
 */
import type { Column, ColumnType, Issue } from '../../core/index.ts'
import { escapePointer } from '../../core/index.ts'

/** JSON text of a cell; undefined when the text is not of the type. */
type CellWriter = (text: string) => string | undefined

const INTEGER = /^-?(0|[1-9]\d{0,15})$/
const INT64 = /^-?(0|[1-9]\d{0,18})$/
const DOUBLE = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/
const TRUE = /^(true|True|TRUE)$/
const FALSE = /^(false|False|FALSE)$/

const WRITERS: Readonly<Record<ColumnType, CellWriter>> = {
  text: (text) => JSON.stringify(text),
  timestamp: (text) => JSON.stringify(text),
  integer: (text) => (INTEGER.test(text) && Number.isSafeInteger(Number(text)) ? text : undefined),
  int64: (text) => (INT64.test(text) ? `"${text}"` : undefined),
  double: (text) => (DOUBLE.test(text) && Number.isFinite(Number(text)) ? text : undefined),
  boolean: (text) => (TRUE.test(text) ? 'true' : FALSE.test(text) ? 'false' : undefined),
  json: (text) => (isJson(text) ? text : undefined),
}

const RULES: Readonly<Record<ColumnType, string>> = {
  text: 'must be text',
  timestamp: 'must be an ISO 8601 text',
  integer: 'must be a whole number within ± (2^53 − 1), digits only',
  int64: 'must be a 64-bit whole number, digits only',
  double: 'must be a finite number written as in JSON, for example 4 or 4.5',
  boolean: 'must be true or false',
  json: 'must be JSON',
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

export interface RowFault {
  readonly issues: readonly Issue[]
  /** The row as a JSON object, its bad cells as text: another reader of it finds the same columns wrong. */
  readonly asText?: string
}

/** Gives the JSON text of a row, or what is wrong with it. */
export type RowWriter = (fields: readonly string[]) => string | RowFault

export interface RowPlan {
  readonly write: RowWriter
  /** Names of the file that no column takes. */
  readonly unused: readonly string[]
  /** Columns that must be there and are not. */
  readonly missing: readonly string[]
}

/**
 * `names`: the row's field names in order. `columns`: the topic's; `undefined` takes every field as text. `extras`: fields
 * without a column are left out, or kept as text (for a schema that is `.loose()`).
 */
export function planRows(
  names: readonly string[],
  columns: readonly Column[] | undefined,
  extras: 'drop' | 'keep' = 'drop',
): RowPlan {
  const byName = new Map(columns?.map((column) => [column.name, column]))
  const cells = names.map((name) => {
    const column = byName.get(name)
    if (column) return cellOf(column)
    return columns === undefined || extras === 'keep'
      ? cellOf({ name, type: 'text', nullable: true })
      : undefined
  })
  return {
    write: (fields) => writeRow(cells, fields),
    unused: columns === undefined ? [] : names.filter((name) => !byName.has(name)),
    missing: (columns ?? [])
      .filter((column) => !column.nullable && !names.includes(column.name))
      .map((column) => column.name),
  }
}

interface CellPlan {
  readonly column: Column
  readonly prefix: string
  readonly path: string
  readonly write: CellWriter
}

const cellOf = (column: Column): CellPlan => ({
  column,
  prefix: `${JSON.stringify(column.name)}:`,
  path: `/${escapePointer(column.name)}`,
  write: WRITERS[column.type],
})

function writeRow(
  cells: readonly (CellPlan | undefined)[],
  fields: readonly string[],
): string | RowFault {
  if (fields.length !== cells.length) {
    const message = `the row has ${fields.length} fields and the header ${cells.length}: check delimiter and quotes`
    return { issues: [{ path: '', message }] }
  }
  let json = ''
  let issues: Issue[] | undefined
  for (let i = 0; i < cells.length; i++) {
    const cell = cells[i]
    if (!cell) continue
    const text = fields[i]!
    if (text === '' && (cell.column.nullable || cell.column.type !== 'text')) {
      if (!cell.column.nullable) {
        ;(issues ??= []).push({ path: cell.path, message: `is empty: ${RULES[cell.column.type]}` })
      }
      continue
    }
    const value = cell.write(text)
    if (value === undefined) {
      ;(issues ??= []).push({ path: cell.path, message: RULES[cell.column.type] })
    }
    json += (json === '' ? '' : ',') + cell.prefix + (value ?? JSON.stringify(text))
  }
  return issues ? { issues, asText: `{${json}}` } : `{${json}}`
}

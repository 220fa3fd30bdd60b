/** Rows of a SQL answer as a table, CSV, JSON or JSON lines. */
import type { SqlAnswer } from '../api/index.ts'
import type { Output } from './output.ts'

export type RowFormat = 'table' | 'csv' | 'json' | 'ndjson'

export async function printRows(
  answer: Pick<SqlAnswer, 'columns' | 'rows'>,
  format: RowFormat,
  output: Output,
): Promise<void> {
  const names = answer.columns.map(({ name }) => name)
  const object = (row: readonly unknown[]): Record<string, unknown> =>
    Object.fromEntries(names.map((name, at) => [name, row[at]]))
  switch (format) {
    case 'json':
      output.line(JSON.stringify(answer.rows.map(object), null, 2))
      return
    case 'ndjson':
      for (const row of answer.rows) output.jsonLine(object(row))
      return
    case 'csv':
      output.line([names, ...answer.rows].map((row) => row.map(csvField).join(',')).join('\n'))
      return
    default:
      await output.table(
        names,
        answer.rows.map((row) =>
          row.map((value) => (typeof value === 'number' ? value : text(value))),
        ),
      )
  }
}

const text = (value: unknown): string | null => {
  if (value === null || value === undefined) return null
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** RFC 4180. A field that a spreadsheet would run as a formula gets an apostrophe before it. */
function csvField(value: unknown): string {
  const field = text(value) ?? ''
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(field) ? `'${field}` : field
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

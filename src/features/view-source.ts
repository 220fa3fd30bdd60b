/** The table as SQL sees it: typed columns, quoted names, the column that orders events. */
import { type Column, type ColumnType, quote, sqlName } from '../core/index.ts'
import { recordColumns } from '../lake/index.ts'
import { featureError } from './errors.ts'
import type { FeatureTable } from './feature-view.ts'

const SQL_TYPES: Readonly<Record<ColumnType, string>> = {
  boolean: 'BOOLEAN',
  double: 'DOUBLE',
  int64: 'BIGINT',
  integer: 'BIGINT',
  json: 'VARCHAR',
  text: 'VARCHAR',
  timestamp: 'TIMESTAMP WITH TIME ZONE',
}
export const sqlTypeOf = (column: Column): string => SQL_TYPES[column.type]

/** Names of a view's intermediate columns; a view's name has no dot, so they never meet. */
export const aggregateColumn = (view: string, index: number): string => `${view}.a${index}`
export const rowColumn = (view: string, index: number): string => `${view}.x${index}`

/** The topic's own columns, also of a table that was given with the record's. */
export function topicColumns(table: FeatureTable): Column[] {
  const names = new Set(recordColumns.map(({ name }) => name))
  return table.columns.filter(({ name }) => !names.has(name))
}

/** The topic's columns and those of the record, in the order of the lake. */
export const sourceColumns = (table: FeatureTable): Column[] => [
  ...topicColumns(table),
  ...recordColumns,
]

/** Throws FEATURE_INVALID_VIEW when the column that orders events is neither a number nor a timestamp. */
export function eventTimeColumn(table: FeatureTable): Column {
  const name = table.eventTime ?? '_timestamp'
  const column = sourceColumns(table).find((candidate) => candidate.name === name)
  if (!column || !['integer', 'int64', 'double', 'timestamp'].includes(column.type)) {
    throw featureError(
      'FEATURE_INVALID_VIEW',
      `table ${quote(table.name)} cannot be ordered by ${quote(name)}: its event time must be a number or timestamp column`,
      { details: { table: table.name, column: name } },
    )
  }
  return column
}

/** The event time as a DOUBLE, microseconds for timestamps; rows without one come after all others. */
export function eventOrder(table: FeatureTable): string {
  const column = eventTimeColumn(table)
  const value =
    column.type === 'timestamp' ? `epoch_us(${sqlName(column.name)})` : sqlName(column.name)
  return `coalesce(CAST(${value} AS DOUBLE), ${Number.MAX_VALUE})`
}

/** `null::BIGINT as "userId", …`: one row of typed nulls, which expressions are bound against. */
export const typedNulls = (columns: readonly { name: string; type: string }[]): string =>
  columns.map(({ name, type }) => `null::${type} as ${sqlName(name)}`).join(', ')

export const sourceNulls = (table: FeatureTable): string =>
  typedNulls(sourceColumns(table).map((column) => ({ name: column.name, type: sqlTypeOf(column) })))

/** The cut-off that a row of a windowed view is looked at from, milliseconds since the epoch. */
export const CUTOFF = '_cutoff'

/** The table as the SQL of a windowed view sees it. */
export const withCutoff = (table: FeatureTable): FeatureTable => ({
  ...table,
  columns: [...table.columns, { name: CUTOFF, type: 'integer', nullable: false }],
})

/** Numbers below this are seconds, as at the door. */
const SECONDS_BELOW = 1e11

/** The event time as a DOUBLE in milliseconds, NULL for a row without one. */
export function eventMs(table: FeatureTable): string {
  const { name, type } = eventTimeColumn(table)
  const column = sqlName(name)
  if (type === 'timestamp') return `epoch_us(${column}) / 1000.0`
  const value = `CAST(${column} AS DOUBLE)`
  return `case when abs(${value}) < ${SECONDS_BELOW} then ${value} * 1000 else ${value} end`
}

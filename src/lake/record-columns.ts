/** The columns that every table has beside its topic's own: where a record came from. */
import type { Column } from '../core/index.ts'
import { lakeError } from './errors.ts'
import type { TableSpec } from './lake.ts'
import { madeColumns } from './partition-columns.ts'

export const recordColumns: readonly Column[] = [
  { name: '_topic', type: 'text', nullable: false },
  { name: '_partition', type: 'integer', nullable: false },
  { name: '_offset', type: 'integer', nullable: false },
  /** The record's create time. */
  { name: '_timestamp', type: 'timestamp', nullable: false },
  /** The record's key as UTF-8 text. */
  { name: '_key', type: 'text', nullable: true },
  /** CloudEvents attributes (design D16); null for records of foreign producers. */
  { name: '_id', type: 'text', nullable: true },
  { name: '_time', type: 'timestamp', nullable: true },
  { name: '_type', type: 'text', nullable: true },
  { name: '_source', type: 'text', nullable: true },
]

/** The topic's columns, those made for partitioning, the record's. Throws LAKE_SCHEMA_CONFLICT when SQL takes two names for one. */
export function tableColumns({ name: table, columns: own, partitionBy = [] }: TableSpec): Column[] {
  const made = madeColumns(table, partitionBy, [...own, ...recordColumns])
  const columns = [...own, ...made, ...recordColumns]
  const seen = new Map<string, string>()
  for (const { name } of columns) {
    const other = seen.get(name.toLowerCase())
    if (other !== undefined) {
      throw lakeError(
        'LAKE_SCHEMA_CONFLICT',
        `columns "${other}" and "${name}" have the same name in SQL, which ignores case: rename one`,
        { details: { column: name } },
      )
    }
    seen.set(name.toLowerCase(), name)
  }
  return columns
}

/**
 * The columns of a table that existed, with those that are new. A column that the topic no longer has stays, nullable, and
 * a new one is nullable because older files lack it. Throws LAKE_SCHEMA_CONFLICT when a type changed.
 */
export function mergeColumns(
  table: string,
  existing: readonly Column[],
  wanted: readonly Column[],
): Column[] {
  const wantedByName = new Map(wanted.map((column) => [column.name.toLowerCase(), column]))
  const kept = existing.map((column): Column => {
    const now = wantedByName.get(column.name.toLowerCase())
    if (now && (now.type !== column.type || now.name !== column.name)) {
      throw lakeError(
        'LAKE_SCHEMA_CONFLICT',
        `column "${now.name}" of table "${table}" is ${now.type} now and was ${column.name} ${column.type}: give the new one another name`,
        { details: { table, column: now.name, was: column.type, now: now.type } },
      )
    }
    return { ...column, nullable: column.nullable || now === undefined || now.nullable }
  })
  const names = new Set(existing.map(({ name }) => name.toLowerCase()))
  const added = wanted.filter(({ name }) => !names.has(name.toLowerCase()))
  return [...kept, ...added.map((column) => ({ ...column, nullable: true }))]
}

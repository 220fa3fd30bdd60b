/**
 * Partition columns: which column of a row decides its folder, and the columns that are made for it (`day` of a time). Made
 * columns are columns of the table like others and are in the files, so a reader needs the folder names for nothing.
 */
import { eventTimeMs, type Cell, type Column } from '../core/index.ts'
import { lakeError } from './errors.ts'
import type { PartitionColumn } from './lake.ts'

/** Names that are the same in every reader's folders; some hide a folder that begins with `_`. */
const FOLDER_COLUMN = /^[A-Za-z][A-Za-z0-9_]{0,63}$/

const FOLDER_TYPES: ReadonlySet<string> = new Set(['text', 'integer', 'int64', 'boolean'])
const TIME_TYPES: ReadonlySet<string> = new Set(['timestamp', 'integer', 'int64', 'double'])

/** A partition column of which no column of the table holds the value already. */
const isMade = ({ name, from, unit }: PartitionColumn): boolean =>
  unit !== undefined || name !== from

/** The columns that the table gets for its partition columns. Throws LAKE_SCHEMA_CONFLICT. */
export function madeColumns(
  table: string,
  partitionBy: readonly PartitionColumn[],
  columns: readonly Column[],
): Column[] {
  return partitionBy.flatMap((partition): Column[] => {
    const source = columns.find(({ name }) => name === partition.from)
    const fits = partition.unit === undefined ? FOLDER_TYPES : TIME_TYPES
    if (!source || !fits.has(source.type)) {
      throw lakeError(
        'LAKE_SCHEMA_CONFLICT',
        `table "${table}" cannot be partitioned by "${partition.from}", which is ${source ? `a ${source.type} column` : 'no column'}: use one of ${[...fits].join(', ')}`,
        { details: { table, column: partition.from } },
      )
    }
    if (!FOLDER_COLUMN.test(partition.name)) {
      throw lakeError(
        'LAKE_SCHEMA_CONFLICT',
        `table "${table}" cannot have folders of the name "${partition.name}": use letters, digits and "_", at most 64, with a letter first`,
        { details: { table, column: partition.name } },
      )
    }
    if (!isMade(partition)) return []
    const type = partition.unit === undefined ? source.type : 'text'
    return [{ name: partition.name, type, nullable: true }]
  })
}

/** For each made column, where its value comes from and how. */
export function columnMakers(
  partitionBy: readonly PartitionColumn[],
  columns: readonly Column[],
): { readonly from: number; readonly make: (cell: Cell) => Cell }[] {
  return partitionBy.filter(isMade).map(({ from, unit }) => {
    const index = columns.findIndex(({ name }) => name === from)
    const isInstant = columns[index]?.type === 'timestamp'
    return { from: index, make: unit === undefined ? (cell) => cell : timeMaker(unit, isInstant) }
  })
}

const LENGTHS = { month: 7, day: 10, hour: 13 } as const

const HOUR_MS = 3_600_000

/**
 * `2018-12`, `2018-12-31`, `2018-12-31T23` in UTC; null for what is no time between the years 1900 and 9999. Rows follow each
 * other in time, so the text of the row before mostly serves again.
 */
function timeMaker(unit: keyof typeof LENGTHS, isInstant: boolean): (cell: Cell) => string | null {
  let lastHour = Number.NaN
  let lastText = ''
  return (cell) => {
    const value = typeof cell === 'bigint' ? Number(cell) : cell
    const ms = eventTimeMs(value, isInstant ? 'ms' : undefined)
    if (ms === undefined) return null
    const hour = Math.floor(ms / HOUR_MS)
    if (hour !== lastHour) {
      lastHour = hour
      lastText = new Date(ms).toISOString().slice(0, LENGTHS[unit])
    }
    return lastText
  }
}

export const samePartitions = (
  one: readonly PartitionColumn[],
  other: readonly PartitionColumn[],
): boolean => describePartitions(one) === describePartitions(other)

/** `day(timestamp), event_type`, for messages. */
export function describePartitions(partitionBy: readonly PartitionColumn[]): string {
  const texts = partitionBy.map(({ name, from, unit }) => {
    const value = unit === undefined ? from : `${unit}(${from})`
    return name === (unit ?? from) ? value : `${value} as ${name}`
  })
  return texts.length === 0 ? 'nothing' : texts.join(', ')
}

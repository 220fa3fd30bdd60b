/** Checks a batch against its table and cuts its rows into one part per log partition and folder. */
import type { Cell, Column, ColumnarRows, Logger, OffsetRange } from '../core/index.ts'
import { lakeError } from './errors.ts'
import type { BatchCommit } from './lake.ts'
import { folderSplitter } from './folder-splitter.ts'

export interface BatchPart extends OffsetRange {
  /** `day=2018-12-31/page=Home`; empty without partition columns. */
  readonly folder: string
  readonly rows: ColumnarRows
}

export interface PartsOptions {
  readonly table: string
  readonly columns: readonly Column[]
  /** Names of the partition columns. */
  readonly partitionNames: readonly string[]
  readonly ends: ReadonlyMap<number, number>
  readonly logger: Logger
}

/**
 * Parts in order of partition and folder, with the table's columns; at least one for each range, if only to tell that it was
 * read. Throws LAKE_OUT_OF_ORDER, LAKE_SCHEMA_CONFLICT.
 */
export function batchParts(options: PartsOptions, batch: BatchCommit): BatchPart[] {
  const { table, columns, ends, partitionNames } = options
  const ranges = batch.ranges.toSorted((a, b) => a.partition - b.partition)
  checkRanges(table, ranges, ends, batch.number)
  const rows = inColumns(table, columns, batch.rows)
  const partitions = cells(rows, '_partition')
  const offsets = cells(rows, '_offset')
  let row = 0
  const splitter = folderSplitter(partitionNames)
  const parts = ranges.flatMap((range): BatchPart[] => {
    const start = row
    let previous = range.first - 1
    while (row < rows.length && partitions[row] === range.partition) {
      const offset = Number(offsets[row])
      if (offset <= previous || offset > range.last) throw strayRow(table, batch, row, offset)
      previous = offset
      row++
    }
    const pieces = splitter.split(slice(rows, start, row))
    return pieces.map(([folder, piece]) => ({ ...range, folder, rows: piece }))
  })
  if (row < rows.length) throw strayRow(table, batch, row, Number(offsets[row]))
  const beyond = splitter.rowsBeyondLimit()
  if (beyond > 0) {
    options.logger.warn(
      { table, batch: batch.number, rows: beyond, partitionBy: partitionNames },
      'A batch has more values of its partition columns than it may have folders: the rows of the others are in the folder of NULL. Partition by something with fewer values.',
    )
  }
  return parts
}

function checkRanges(
  table: string,
  ranges: readonly OffsetRange[],
  ends: ReadonlyMap<number, number>,
  number: number,
): void {
  let previous = -1
  for (const { partition, first, last } of ranges) {
    const end = ends.get(partition)
    const isSound = partition > previous && first >= 0 && last >= first
    if (!isSound || (end !== undefined && first !== end)) {
      const isGap = isSound && first > (end ?? first)
      throw lakeError(
        'LAKE_OUT_OF_ORDER',
        `batch ${number} of table "${table}" has offsets ${first} to ${last} of partition ${partition}, and the table ends before ${end ?? 'any'}: commit the batches in order, each once${isGap ? '; if retention removed what lies between, start with a new data folder' : ''}`,
        { details: { table, batch: number, partition, first, last, end } },
      )
    }
    previous = partition
  }
}

function strayRow(table: string, batch: BatchCommit, row: number, offset: number): Error {
  return lakeError(
    'LAKE_OUT_OF_ORDER',
    `row ${row} of batch ${batch.number} of table "${table}" has offset ${offset}, which is not in order within the batch's ranges: order rows by partition and offset`,
    { details: { table, batch: batch.number, row, offset } },
  )
}

/** The rows with exactly these columns: absent nullable ones are null. */
function inColumns(table: string, columns: readonly Column[], rows: ColumnarRows): ColumnarRows {
  const places = new Map(rows.columns.map(({ name }, index) => [name, index]))
  const values = columns.map((column): readonly Cell[] => {
    const place = places.get(column.name)
    const found = place === undefined ? undefined : rows.values[place]
    const isSameType = place === undefined || rows.columns[place]?.type === column.type
    if (isSameType && found?.length === rows.length) return found
    if (place === undefined && column.nullable)
      return Array.from({ length: rows.length }, () => null)
    throw lakeError(
      'LAKE_SCHEMA_CONFLICT',
      `rows for table "${table}" have no ${rows.length} values of ${column.type} in column "${column.name}": make them with rowsOf from the table's columns`,
      { details: { table, column: column.name } },
    )
  })
  return { columns, length: rows.length, values }
}

const cells = (rows: ColumnarRows, name: string): readonly Cell[] =>
  rows.values[rows.columns.findIndex((column) => column.name === name)] ?? []

const slice = (rows: ColumnarRows, start: number, end: number): ColumnarRows =>
  start === 0 && end === rows.length
    ? rows
    : {
        columns: rows.columns,
        length: end - start,
        values: rows.values.map((column) => column.slice(start, end)),
      }

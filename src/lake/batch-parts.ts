/** Checks a batch against its table and cuts its rows into one part per log partition and folder. */
import type { Cell, Column, ColumnarRows, Logger, OffsetRange } from '../core/index.ts'
import { lakeError } from './errors.ts'
import type { BatchCommit, StagedRows } from './lake.ts'
import { folderSplitter } from './folder-splitter.ts'
import { cellSource, stagedSource, type PartSource } from './part-source.ts'
import { commonFolder } from './partition-folder.ts'

export interface BatchPart extends OffsetRange {
  /** `day=2018-12-31/page=Home`; empty without partition columns. */
  readonly folder: string
  readonly source: PartSource
}

export interface PartsOptions {
  readonly table: string
  readonly topic: string
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
  const ranges = batch.ranges.toSorted((a, b) => a.partition - b.partition)
  checkRanges(options.table, ranges, options.ends, batch.number)
  return 'parts' in batch.rows
    ? stagedParts(options, batch, ranges, batch.rows)
    : cellParts(options, batch, ranges, batch.rows)
}

/** Each range's staged parts, and an empty one where all records were rejected. */
function stagedParts(
  options: PartsOptions,
  batch: BatchCommit,
  ranges: readonly OffsetRange[],
  rows: StagedRows,
): BatchPart[] {
  const { table, topic, columns, partitionNames } = options
  checkStaged(table, columns, rows)
  const parts = ranges.flatMap((range): BatchPart[] => {
    const found = rows.parts
      .filter(({ partition }) => partition === range.partition)
      .toSorted((a, b) => (a.folder < b.folder ? -1 : 1))
    for (const { first, last } of found) {
      if (first < range.first) throw strayRow(table, batch, 0, first)
      if (last > range.last) throw strayRow(table, batch, rows.length - 1, last)
    }
    if (found.length === 0) {
      const source = cellSource({ columns, length: 0, values: columns.map(() => []) })
      return [{ ...range, folder: commonFolder(partitionNames), source }]
    }
    return found.map((part) => ({
      ...range,
      folder: part.folder,
      source: stagedSource(part, topic, rows.columns, columns),
    }))
  })
  const stray = rows.parts.find(
    ({ partition }) => !ranges.some((range) => range.partition === partition),
  )
  if (stray) throw strayRow(table, batch, 0, stray.first)
  warnOfFolders(options, batch, rows.beyondFolders)
  return parts
}

function cellParts(
  options: PartsOptions,
  batch: BatchCommit,
  ranges: readonly OffsetRange[],
  given: ColumnarRows,
): BatchPart[] {
  const { table, columns, partitionNames } = options
  const rows = inColumns(table, columns, given)
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
    return pieces.map(([folder, piece]) => ({ ...range, folder, source: cellSource(piece) }))
  })
  if (row < rows.length) throw strayRow(table, batch, row, Number(offsets[row]))
  warnOfFolders(options, batch, splitter.rowsBeyondLimit())
  return parts
}

function warnOfFolders(
  { table, partitionNames, logger }: PartsOptions,
  batch: BatchCommit,
  rows: number,
): void {
  if (rows === 0) return
  logger.warn(
    { table, batch: batch.number, rows, partitionBy: partitionNames },
    'A batch has more values of its partition columns than it may have folders: the rows of the others are in the folder of NULL. Partition by something with fewer values.',
  )
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
    throw missingValues(table, column, rows.length)
  })
  return { columns, length: rows.length, values }
}

/** As `inColumns`. */
function checkStaged(table: string, columns: readonly Column[], rows: StagedRows): void {
  for (const column of columns) {
    const staged = rows.columns.find(({ name }) => name === column.name)
    const isFilled = staged
      ? staged.type === column.type
      : column.name === '_topic' || column.name === '_partition' || column.nullable
    if (!isFilled) throw missingValues(table, column, rows.length)
  }
}

function missingValues(table: string, { name, type }: Column, rows: number): Error {
  return lakeError(
    'LAKE_SCHEMA_CONFLICT',
    `rows for table "${table}" have no ${rows} values of ${type} in column "${name}": make them with rowsOf from the table's columns`,
    { details: { table, column: name } },
  )
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

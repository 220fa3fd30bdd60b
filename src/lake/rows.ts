/**
 * From records of the log to rows: the one conversion, used by the sink, by the tail of a query and by the online features,
 * so all three see the same value. Nothing is coerced: what does not fit its column is rejected with the reason, because a
 * silent `0` would reach a model.
 */
import { isUtf8 } from 'node:buffer'
import { setImmediate } from 'node:timers/promises'
import {
  readEnvelope,
  type Cell,
  type Column,
  type ColumnarRows,
  type Issue,
  type LogRecord,
} from '../core/index.ts'
import { cellReader, instantOf, type CellReader } from './cell-reader.ts'
import type { PartitionColumn, RejectedRecord } from './lake.ts'
import { columnMakers, madeColumns } from './partition-columns.ts'
import { recordColumns } from './record-columns.ts'

export interface ConvertedRows {
  /** The given columns, those made for partitioning, the record columns; in the order of the records. */
  readonly rows: ColumnarRows
  readonly rejected: readonly RejectedRecord[]
}

/** Converter for one topic's columns (without the record columns). Make it once; it holds no state. */
export function rowConverter(
  topicColumns: readonly Column[],
  partitionBy: readonly PartitionColumn[] = [],
): (records: readonly LogRecord[]) => ConvertedRows {
  const readers = topicColumns.map(cellReader)
  const made = madeColumns('', partitionBy, [...topicColumns, ...recordColumns])
  const columns = [...topicColumns, ...made, ...recordColumns]
  const makers = columnMakers(partitionBy, columns)
  const recordCellsAt = readers.length + made.length
  return (records) => {
    const values = columns.map((): Cell[] => [])
    const rejected: RejectedRecord[] = []
    const row: Cell[] = Array.from({ length: readers.length }, () => null)
    let length = 0
    for (const record of records) {
      const issues = readRow(record.value, readers, row)
      if (issues) {
        rejected.push({ record, issues })
        continue
      }
      for (let index = 0; index < readers.length; index++) values[index]!.push(row[index]!)
      pushRecordCells(record, values, recordCellsAt)
      makers.forEach(({ from, make }, index) => {
        values[readers.length + index]!.push(make(values[from]![length]!))
      })
      length++
    }
    return { rows: { columns, length, values }, rejected }
  }
}

/** Some milliseconds of work; then the event loop has its turn. */
const RECORDS_A_TURN = 500

/** What `convert` makes of all the records. A batch or a tail may hold a hundred thousand, and meanwhile others want answers. */
export async function convertInTurns(
  convert: (records: readonly LogRecord[]) => ConvertedRows,
  records: readonly LogRecord[],
): Promise<ConvertedRows> {
  const { rows, rejected } = convert(records.slice(0, RECORDS_A_TURN))
  const values = rows.values.map((column) => [...column])
  const allRejected = [...rejected]
  let { length } = rows
  for (let start = RECORDS_A_TURN; start < records.length; start += RECORDS_A_TURN) {
    await setImmediate()
    const next = convert(records.slice(start, start + RECORDS_A_TURN))
    for (const [index, column] of next.rows.values.entries()) values[index]?.push(...column)
    allRejected.push(...next.rejected)
    length += next.rows.length
  }
  return { rows: { columns: rows.columns, length, values }, rejected: allRejected }
}

export const rowsOf = (
  records: readonly LogRecord[],
  topicColumns: readonly Column[],
): ConvertedRows => rowConverter(topicColumns)(records)

const whole = (message: string): Issue[] => [{ path: '', message }]

/** For other converters: fills `row` with the cells of one record's value, or says why not. */
export function eventReader(
  columns: readonly Column[],
): (value: Uint8Array | null, row: Cell[]) => Issue[] | undefined {
  const readers = columns.map(cellReader)
  return (value, row) => readRow(value, readers, row)
}

/** Fills `row`, or says why not. */
function readRow(
  value: Uint8Array | null,
  readers: readonly CellReader[],
  row: Cell[],
): Issue[] | undefined {
  if (value === null) return whole('the record has no value (a tombstone): send a JSON object')
  if (!isUtf8(value)) return whole('the value is not UTF-8: encode the JSON text as UTF-8')
  const text = asBuffer(value).toString('utf8')
  let event: unknown
  try {
    event = JSON.parse(text)
  } catch {
    return whole('the value is not JSON: send one JSON object')
  }
  if (typeof event !== 'object' || event === null || Array.isArray(event))
    return whole('the value is not a JSON object: send the fields as one object')
  let issues: Issue[] | undefined
  for (let index = 0; index < readers.length; index++) {
    const reader = readers[index]!
    const cell = reader(event as Readonly<Record<string, unknown>>, text)
    if (typeof cell === 'object' && cell !== null) (issues ??= []).push(cell)
    else row[index] = cell
  }
  return issues
}

/** In the order of `recordColumns`. */
function pushRecordCells(record: LogRecord, values: Cell[][], at: number): void {
  const envelope = readEnvelope(record.headers)
  values[at]!.push(record.topic)
  values[at + 1]!.push(record.partition)
  values[at + 2]!.push(record.offset)
  values[at + 3]!.push(record.timestamp)
  values[at + 4]!.push(record.key === null ? null : asBuffer(record.key).toString('utf8'))
  values[at + 5]!.push(envelope.id ?? null)
  values[at + 6]!.push((envelope.time === undefined ? undefined : instantOf(envelope.time)) ?? null)
  values[at + 7]!.push(envelope.type ?? null)
  values[at + 8]!.push(envelope.source ?? null)
}

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

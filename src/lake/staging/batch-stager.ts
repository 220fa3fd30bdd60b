/**
 * One batch on its way from frames of records to staged files: one file for each log partition and folder of the partition
 * columns. Rows take the fast way of `event-parser.ts`, and the way of `rows.ts` where that does not answer: one meaning.
 */
import type { Cell, Column, Issue } from '../../core/index.ts'
import { MAX_BATCH_FOLDERS } from '../folder-splitter.ts'
import type { PartitionColumn } from '../lake.ts'
import { columnMakers, madeColumns } from '../partition-columns.ts'
import { commonFolder, partitionFolder } from '../partition-folder.ts'
import { recordColumns } from '../record-columns.ts'
import { eventReader } from '../rows.ts'
import { EventParser, instantAt } from './event-parser.ts'
import { FIELDS, ID, KEY, SOURCE, TIME, TYPE, VALUE, type RecordFrame } from './record-frame.ts'
import { NULL, RowValues } from './row-values.ts'
import { StagedFile } from './staged-file.ts'

export interface StagingSpec {
  /** Staged files are `<path>-<n>.staged`. */
  readonly path: string
  readonly topic: string
  /** The topic's columns. */
  readonly columns: readonly Column[]
  readonly partitionBy: readonly PartitionColumn[]
}

/** Rows of one log partition and folder. */
export interface StagedPart {
  readonly path: string
  readonly partition: number
  /** Empty without partition columns. */
  readonly folder: string
  readonly rows: number
  /** Offsets of the first and last row. */
  readonly first: number
  readonly last: number
  /** Time of the newest record. */
  readonly newest: number
}

export interface Staged {
  /** Of the staged files, in their order. */
  readonly columns: readonly Column[]
  readonly parts: readonly StagedPart[]
  /** Rows whose folder was one too many. */
  readonly beyondFolders: number
  /** Folders were too many and the records came in another order than the lake's: a replay could choose others. */
  readonly needsLakeOrder: boolean
}

/** Index in a frame, and why the record there is no row. */
export type Rejection = readonly [index: number, issues: readonly Issue[]]

type OpenPart = { -readonly [Name in keyof StagedPart]: StagedPart[Name] } & { file: StagedFile }

/** The same in all rows of a staged file, so not in it. */
const isStaged = ({ name }: Column): boolean => name !== '_topic' && name !== '_partition'

const rowColumns = ({ columns, partitionBy }: StagingSpec): Column[] => [
  ...columns,
  ...madeColumns('', partitionBy, [...columns, ...recordColumns]),
  ...recordColumns,
]

export class BatchStager {
  readonly #path: string
  readonly #eventColumns: number
  readonly #columns: readonly Column[]
  /** Columns of the row by columns of the staged file. */
  readonly #staged: Int32Array
  readonly #row: RowValues
  readonly #parser: EventParser
  readonly #readEvent: ReturnType<typeof eventReader>
  readonly #cells: Cell[]
  readonly #makers: ReturnType<typeof columnMakers>
  readonly #folderNames: readonly string[]
  /** Columns of the row by partition columns. */
  readonly #folderColumns: readonly number[]
  readonly #folders = new Set<string>()
  readonly #parts = new Map<string, OpenPart>()
  #last: OpenPart | undefined
  readonly #lastOffsets = new Map<number, number>()
  #lastPartition = -1
  #inOrder = true
  #beyond = 0

  constructor(spec: StagingSpec) {
    const { columns, partitionBy } = spec
    const all = rowColumns(spec)
    this.#path = spec.path
    this.#eventColumns = columns.length
    this.#columns = all.filter(isStaged)
    this.#staged = Int32Array.from(this.#columns, (column) => all.indexOf(column))
    this.#row = new RowValues(all)
    this.#parser = new EventParser(this.#row, columns)
    this.#readEvent = eventReader(columns)
    this.#cells = columns.map(() => null)
    this.#makers = columnMakers(partitionBy, all)
    this.#folderNames = partitionBy.map(({ name }) => name)
    this.#folderColumns = this.#folderNames.map((name) => all.findIndex((one) => one.name === name))
    this.#row.keepText(all.length - recordColumns.length, spec.topic)
  }

  /** Throws RangeError when offsets do not ascend, and what the disk says. */
  add(frame: RecordFrame): Rejection[] {
    const rejected: Rejection[] = []
    const bytes = Buffer.from(frame.bytes.buffer, frame.bytes.byteOffset, frame.bytes.length)
    for (let index = 0; index < frame.count; index++) {
      const issues = this.#addRecord(frame, bytes, index)
      if (issues) rejected.push([index, issues])
    }
    return rejected
  }

  finish(): Staged {
    const parts = [...this.#parts.values()]
    for (const { file } of parts) file.finish()
    return {
      columns: this.#columns,
      parts: parts.map(({ file, ...part }) => ({ ...part, rows: file.rows })),
      beyondFolders: this.#beyond,
      needsLakeOrder: this.#beyond > 0 && !this.#inOrder,
    }
  }

  discard(): void {
    for (const { file } of this.#parts.values()) file.discard()
    this.#parts.clear()
  }

  #addRecord(frame: RecordFrame, bytes: Buffer, index: number): readonly Issue[] | undefined {
    const partition = frame.partitions[index]!
    const offset = frame.numbers[index * 2]!
    this.#follow(partition, offset)
    const place = index * FIELDS.length * 2
    const start = frame.places[place + VALUE * 2]!
    const end = frame.places[place + VALUE * 2 + 1]!
    if (start < 0 || !this.#parser.parse(bytes, start, end)) {
      const issues = this.#readEvent(start < 0 ? null : bytes.subarray(start, end), this.#cells)
      if (issues) return issues
      this.#cells.forEach((cell, column) => this.#row.keepCell(column, cell))
    }
    this.#keepRecord(frame, bytes, index)
    const part = this.#partOf(partition, bytes)
    if (part.file.rows === 0) part.first = offset
    part.last = offset
    part.newest = Math.max(part.newest, frame.numbers[index * 2 + 1]!)
    const { columns } = part.file
    for (let column = 0; column < columns.length; column++) {
      this.#row.addTo(columns[column]!, this.#staged[column]!, bytes)
    }
    part.file.rowAdded()
    return undefined
  }

  #follow(partition: number, offset: number): void {
    if (offset <= (this.#lastOffsets.get(partition) ?? -1)) {
      throw new RangeError(`offset ${offset} of partition ${partition} came out of order`)
    }
    this.#lastOffsets.set(partition, offset)
    if (partition < this.#lastPartition) this.#inOrder = false
    this.#lastPartition = partition
  }

  /** What follows the made columns, in the order of `recordColumns`. */
  #keepRecord({ partitions, numbers, places }: RecordFrame, bytes: Buffer, index: number): void {
    const row = this.#row
    const first = this.#eventColumns + this.#makers.length
    const place = index * FIELDS.length * 2
    const foreign = (column: number, field: number): void =>
      row.keepForeign(column, bytes, places[place + field * 2]!, places[place + field * 2 + 1]!)
    row.keepNumber(first + 1, partitions[index]!)
    row.keepNumber(first + 2, numbers[index * 2]!)
    row.keepNumber(first + 3, numbers[index * 2 + 1]!)
    foreign(first + 4, KEY)
    foreign(first + 5, ID)
    const time = places[place + TIME * 2]!
    const instant = time < 0 ? undefined : instantAt(bytes, time, places[place + TIME * 2 + 1]!)
    if (instant === undefined) row.kinds[first + 6] = NULL
    else row.keepNumber(first + 6, instant)
    foreign(first + 7, TYPE)
    foreign(first + 8, SOURCE)
    for (let made = 0; made < this.#makers.length; made++) {
      const { from, make } = this.#makers[made]!
      row.keepCell(this.#eventColumns + made, make(row.cell(from, bytes)))
    }
  }

  #partOf(partition: number, bytes: Buffer): OpenPart {
    const folder = this.#folderNames.length === 0 ? '' : this.#folderOf(bytes)
    const last = this.#last
    if (last?.partition === partition && last.folder === folder) return last
    const key = `${partition}/${folder}`
    let part = this.#parts.get(key)
    if (!part) {
      const path = `${this.#path}-${this.#parts.size}.staged`
      const file = new StagedFile(path, this.#columns)
      part = { path, partition, folder, rows: 0, first: 0, last: 0, newest: -Infinity, file }
      this.#parts.set(key, part)
    }
    this.#last = part
    return part
  }

  /** First come, as `folder-splitter.ts` chooses. */
  #folderOf(bytes: Buffer): string {
    const values = this.#folderColumns.map((column) => this.#row.cell(column, bytes))
    const folder = partitionFolder(this.#folderNames, values)
    if (this.#folders.size < MAX_BATCH_FOLDERS) this.#folders.add(folder)
    if (this.#folders.has(folder)) return folder
    this.#beyond++
    return commonFolder(this.#folderNames)
  }
}

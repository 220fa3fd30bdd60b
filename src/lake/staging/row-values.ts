/**
 * The values of one row before they go to their columns, in arrays by column: most never become a JavaScript object. Texts are
 * places in the bytes of a frame where that is possible.
 */
import { isUtf8 } from 'node:buffer'
import type { Cell, Column } from '../../core/index.ts'
import type { ColumnBuffer } from './column-buffer.ts'

/** What `kinds` says of a column's value. */
export const MISSING = 0
export const NULL = 1
/** In `numbers`; of a boolean 0 or 1, of a timestamp milliseconds. */
export const NUMBER = 2
/** UTF-8 in the frame from `starts` to `ends`. */
export const BYTES = 3
/** In `texts`. */
export const TEXT = 4
/** In `bigints`. */
export const BIGINT = 5

export class RowValues {
  readonly columns: readonly Column[]
  readonly kinds: Uint8Array
  readonly numbers: Float64Array
  readonly starts: Int32Array
  readonly ends: Int32Array
  readonly texts: string[]
  readonly bigints: bigint[]

  constructor(columns: readonly Column[]) {
    this.columns = columns
    this.kinds = new Uint8Array(columns.length)
    this.numbers = new Float64Array(columns.length)
    this.starts = new Int32Array(columns.length)
    this.ends = new Int32Array(columns.length)
    this.texts = columns.map(() => '')
    this.bigints = columns.map(() => 0n)
  }

  keepNumber(column: number, value: number): void {
    this.kinds[column] = NUMBER
    this.numbers[column] = value
  }

  keepText(column: number, value: string): void {
    this.kinds[column] = TEXT
    this.texts[column] = value
  }

  keepBytes(column: number, start: number, end: number): void {
    this.kinds[column] = BYTES
    this.starts[column] = start
    this.ends[column] = end
  }

  keepCell(column: number, cell: Cell): void {
    if (cell === null) this.kinds[column] = NULL
    else if (typeof cell === 'string') this.keepText(column, cell)
    else if (typeof cell === 'bigint') {
      this.kinds[column] = BIGINT
      this.bigints[column] = cell
    } else this.keepNumber(column, Number(cell))
  }

  /** Bytes that need not be UTF-8: then, as everywhere, what is none becomes U+FFFD. Negative: null. */
  keepForeign(column: number, bytes: Buffer, start: number, end: number): void {
    if (start < 0) this.kinds[column] = NULL
    else if (isAscii(bytes, start, end) || isUtf8(bytes.subarray(start, end)))
      this.keepBytes(column, start, end)
    else this.keepText(column, bytes.toString('utf8', start, end))
  }

  cell(column: number, bytes: Buffer): Cell {
    const number = this.numbers[column]!
    switch (this.kinds[column]) {
      case NUMBER:
        return this.columns[column]!.type === 'boolean' ? number === 1 : number
      case BYTES:
        return bytes.toString('utf8', this.starts[column], this.ends[column])
      case TEXT:
        return this.texts[column]!
      case BIGINT:
        return this.bigints[column]!
      default:
        return null
    }
  }

  addTo(buffer: ColumnBuffer, column: number, bytes: Buffer): void {
    switch (this.kinds[column]) {
      case NUMBER:
        addNumber(buffer, this.numbers[column]!)
        break
      case BYTES:
        buffer.addBytes(bytes, this.starts[column]!, this.ends[column]!)
        break
      case TEXT:
        buffer.addText(this.texts[column]!)
        break
      case BIGINT:
        buffer.addBigint(this.bigints[column]!)
        break
      default:
        buffer.addNull()
    }
  }
}

function addNumber(buffer: ColumnBuffer, value: number): void {
  if (buffer.type === 'double') buffer.addDouble(value)
  else if (buffer.type === 'boolean') buffer.addBoolean(value === 1)
  else buffer.addInteger(value)
}

function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    if (bytes[at]! >= 0x80) return false
  }
  return true
}

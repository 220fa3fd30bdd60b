/**
 * Values of one column on their way into a page of Parquet's PLAIN encoding: eight bytes a number, a length of four bytes
 * before a text, a bit a boolean. Beside them, whether each row has a value.
 */
import type { ColumnType } from '../../core/index.ts'

const FIRST_BYTES = 1_024
const TWO_32 = 2 ** 32
/** Below this a loop is faster than the call that copies. */
const SHORT_BYTES = 40

export class ColumnBuffer {
  readonly type: ColumnType
  rows = 0
  nulls = 0
  #used = 0
  #bytes: Uint8Array
  #ints: Int32Array
  #doubles: Float64Array
  #present = new Uint8Array(FIRST_BYTES / 8)

  constructor(type: ColumnType) {
    this.type = type
    this.#bytes = new Uint8Array(FIRST_BYTES)
    this.#ints = new Int32Array(this.#bytes.buffer)
    this.#doubles = new Float64Array(this.#bytes.buffer)
  }

  get sizeBytes(): number {
    return this.#used
  }

  addNull(): void {
    this.#row(0, 0)
    this.nulls++
  }

  addBoolean(value: boolean): void {
    const at = this.#row(1, 1)
    this.#bytes[at] = value ? 1 : 0
  }

  addDouble(value: number): void {
    const at = this.#row(8, 1)
    this.#doubles[at >>> 3] = value
  }

  /** A safe integer, as 64 bits. */
  addInteger(value: number): void {
    const at = this.#row(8, 1) >>> 2
    this.#ints[at] = value
    this.#ints[at + 1] = Math.floor(value / TWO_32)
  }

  addBigint(value: bigint): void {
    const at = this.#row(8, 1) >>> 2
    this.#ints[at] = Number(BigInt.asIntN(32, value))
    this.#ints[at + 1] = Number(BigInt.asIntN(32, value >> 32n))
  }

  /** UTF-8 in `from`, copied. */
  addBytes(from: Uint8Array, start: number, end: number): void {
    const length = end - start
    let at = this.#row(length + 4, 1)
    const bytes = this.#bytes
    writeLength(bytes, at, length)
    at += 4
    if (length > SHORT_BYTES) bytes.set(from.subarray(start, end), at)
    else for (let index = start; index < end; index++) bytes[at++] = from[index]!
  }

  /** Halves of surrogate pairs that stand alone become U+FFFD. */
  addText(text: string): void {
    const at = this.#row(4 + text.length * 3, 1)
    const { buffer } = this.#bytes
    const length = Buffer.from(buffer, at + 4).write(text, 'utf8')
    writeLength(this.#bytes, at, length)
    this.#used = at + 4 + length
  }

  /** A page's definition levels, with their length before them, and its values. */
  page(): { readonly levels: Uint8Array; readonly values: Uint8Array } {
    const values =
      this.type === 'boolean'
        ? bitsOf(this.#bytes, this.#used)
        : this.#bytes.subarray(0, this.#used)
    return { levels: this.#levels(), values }
  }

  clear(): void {
    this.rows = 0
    this.nulls = 0
    this.#used = 0
  }

  /** Place for a value of so many bytes. */
  #row(size: number, present: 0 | 1): number {
    const at = this.#used
    if (at + size > this.#bytes.length) this.#grow(at + size)
    if (this.rows === this.#present.length) {
      const grown = new Uint8Array(this.rows * 2)
      grown.set(this.#present)
      this.#present = grown
    }
    this.#present[this.rows++] = present
    this.#used = at + size
    return at
  }

  #grow(least: number): void {
    const size = Math.max(this.#bytes.length * 2, Math.ceil(least / 8) * 8)
    const grown = new Uint8Array(size)
    grown.set(this.#bytes.subarray(0, this.#used))
    this.#bytes = grown
    this.#ints = new Int32Array(grown.buffer)
    this.#doubles = new Float64Array(grown.buffer)
  }

  /** One run when all rows are alike, else a bit a row: https://parquet.apache.org/docs/file-format/data-pages/encodings/#RLE */
  #levels(): Uint8Array {
    const isRun = this.nulls === 0 || this.nulls === this.rows
    const body = isRun ? Uint8Array.of(this.nulls === 0 ? 1 : 0) : bitsOf(this.#present, this.rows)
    const head = varint(isRun ? this.rows * 2 : body.length * 2 + 1)
    const levels = new Uint8Array(4 + head.length + body.length)
    writeLength(levels, 0, head.length + body.length)
    levels.set(head, 4)
    levels.set(body, 4 + head.length)
    return levels
  }
}

function writeLength(bytes: Uint8Array, at: number, length: number): void {
  bytes[at] = length
  bytes[at + 1] = length >>> 8
  bytes[at + 2] = length >>> 16
  bytes[at + 3] = length >>> 24
}

/** Ones and zeros, a byte each, as bits; the first is the lowest. */
function bitsOf(flags: Uint8Array, count: number): Uint8Array {
  const bits = new Uint8Array(Math.ceil(count / 8))
  for (let index = 0; index < count; index++) {
    if (flags[index] === 1) bits[index >>> 3]! |= 1 << (index & 7)
  }
  return bits
}

function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128)
  bytes.push(rest)
  return Uint8Array.from(bytes)
}

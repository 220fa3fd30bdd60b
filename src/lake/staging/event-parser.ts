/**
 * Reads flat JSON objects of known columns straight from their bytes: no object and no text is made for most values. It takes
 * only what is certainly a valid event whose values fit their columns, exactly; for everything else, also for a value that
 * it merely does not know (nested ones), `parse` answers false and the caller asks `cell-reader.ts`, which decides and
 * gives the reasons. So this file can be too careful, and must never be too generous.
 */
import { isUtf8 } from 'node:buffer'
import type { Column } from '../../core/index.ts'
import { instantOf } from '../cell-reader.ts'
import { MISSING, NULL, type RowValues } from './row-values.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const MINUS = 0x2d
const DOT = 0x2e
const ZERO = 0x30
const NINE = 0x39

/** A whole number below 10^15 and a power of ten up to 10^22 are exact, so their quotient is the number that the text says. */
const EXACT_DIGITS = 15
const POWERS = Array.from({ length: 23 }, (_, power) => Number(`1e${power}`))

const encoder = new TextEncoder()

export class EventParser {
  readonly #row: RowValues
  readonly #columns: readonly Column[]
  readonly #names: readonly Uint8Array[]
  /** Column whose name was found after that of another one, in the event before; mostly it is so again. */
  readonly #followers: Int32Array
  /** Names that JSON writes with an escape, or not at all, are left to the caller. */
  readonly #isPlain: boolean
  #number = 0
  /** All bytes of the texts, or-ed: below 0x80 when they are ASCII. */
  #high = 0
  /** Of the string that was read last. */
  #hasEscape = false

  /** The event's fields go to the first columns of the row. */
  constructor(row: RowValues, columns: readonly Column[]) {
    const count = columns.length
    this.#row = row
    this.#columns = columns
    this.#names = columns.map(({ name }) => encoder.encode(name))
    this.#isPlain = columns.every(({ name }) => JSON.stringify(name) === `"${name}"`)
    this.#followers = Int32Array.from({ length: count + 1 }, (_, index) =>
      index === count ? 0 : index + 1,
    )
  }

  /** Whether `bytes` from `start` to `end` are an event that fits; then the row has its values. */
  parse(bytes: Buffer, start: number, end: number): boolean {
    if (!this.#isPlain) return false
    const { kinds } = this.#row
    kinds.fill(MISSING, 0, this.#columns.length)
    this.#high = 0
    let at = skipSpace(bytes, start, end)
    if (bytes[at] !== 0x7b) return false
    at = skipSpace(bytes, at + 1, end)
    if (bytes[at] === 0x7d && at < end) at++
    else {
      at = this.#fields(bytes, at, end)
      if (at < 0) return false
    }
    if (skipSpace(bytes, at, end) !== end) return false
    for (let index = 0; index < this.#columns.length; index++) {
      if (kinds[index]! <= NULL && !this.#columns[index]!.nullable) return false
    }
    return this.#high < 0x80 || isUtf8(bytes.subarray(start, end))
  }

  /** From the first quote to behind the closing brace, or −1. */
  #fields(bytes: Buffer, from: number, end: number): number {
    let at = from
    let before = this.#names.length
    for (;;) {
      if (at >= end || bytes[at] !== QUOTE) return -1
      const column = this.#columnAt(bytes, at + 1, end, before)
      const close =
        column < 0 ? this.#string(bytes, at + 1, end) : at + 1 + this.#names[column]!.length
      // An escape could spell a column's name in other letters.
      if (close < 0 || (column < 0 && this.#hasEscape)) return -1
      if (column >= 0) {
        if (this.#row.kinds[column] !== MISSING) return -1
        this.#followers[before] = column
        before = column
      }
      at = skipSpace(bytes, close + 1, end)
      if (bytes[at] !== COLON) return -1
      at = this.#value(bytes, skipSpace(bytes, at + 1, end), end, column)
      if (at < 0) return -1
      at = skipSpace(bytes, at, end)
      if (at >= end) return -1
      if (bytes[at] === 0x7d) return at + 1
      if (bytes[at] !== COMMA) return -1
      at = skipSpace(bytes, at + 1, end)
    }
  }

  /** The column whose name stands here with its closing quote, or −1. */
  #columnAt(bytes: Buffer, at: number, end: number, before: number): number {
    const guess = this.#followers[before]!
    if (guess < this.#names.length && isNameAt(bytes, at, end, this.#names[guess]!)) return guess
    for (let index = 0; index < this.#names.length; index++) {
      if (isNameAt(bytes, at, end, this.#names[index]!)) return index
    }
    return -1
  }

  /** Behind the value, or −1. */
  #value(bytes: Buffer, at: number, end: number, column: number): number {
    if (at >= end) return -1
    const first = bytes[at]!
    if (first === QUOTE) return this.#text(bytes, at, end, column)
    if (first === MINUS || (first >= ZERO && first <= NINE)) {
      const next = this.#readNumber(bytes, at, end)
      return next > 0 && this.#takeNumber(column) ? next : -1
    }
    if (isWordAt(bytes, at, end, NULL_WORD)) return this.#takeNull(column) ? at + 4 : -1
    if (isWordAt(bytes, at, end, TRUE_WORD)) return this.#takeBoolean(column, 1) ? at + 4 : -1
    if (isWordAt(bytes, at, end, FALSE_WORD)) return this.#takeBoolean(column, 0) ? at + 5 : -1
    return -1
  }

  #takeNull(column: number): boolean {
    if (column >= 0) this.#row.kinds[column] = NULL
    return true
  }

  #takeBoolean(column: number, value: number): boolean {
    if (column < 0) return true
    if (this.#columns[column]!.type !== 'boolean') return false
    return this.#keep(column, value)
  }

  #takeNumber(column: number): boolean {
    if (column < 0) return true
    const value = this.#number
    const { type, takesNumbers } = this.#columns[column]!
    if (type === 'double') return Number.isFinite(value) && this.#keep(column, value)
    if (!Number.isSafeInteger(value)) return false
    if (takesNumbers) {
      this.#row.keepText(column, String(value))
      return true
    }
    // Plus 0 makes a minus zero a zero.
    return (type === 'integer' || type === 'int64') && this.#keep(column, value + 0)
  }

  #keep(column: number, value: number): true {
    this.#row.keepNumber(column, value)
    return true
  }

  /** From behind the opening quote to the closing one, or −1. */
  #string(bytes: Buffer, from: number, end: number): number {
    let high = 0
    let hasEscape = false
    for (let at = from; at < end; at++) {
      const byte = bytes[at]!
      if (byte === QUOTE) {
        this.#high |= high
        this.#hasEscape = hasEscape
        return at
      }
      if (byte < 0x20) return -1
      if (byte === BACKSLASH) {
        hasEscape = true
        at++
      }
      high |= byte
    }
    return -1
  }

  #text(bytes: Buffer, quote: number, end: number, column: number): number {
    const close = this.#string(bytes, quote + 1, end)
    if (close < 0) return -1
    // An escape in a field that is no column is rare, and checking it is not worth a second reader of them.
    if (column < 0) return this.#hasEscape ? -1 : close + 1
    const { type } = this.#columns[column]!
    if (type === 'text') {
      if (!this.#hasEscape) {
        this.#row.keepBytes(column, quote + 1, close)
        return close + 1
      }
      return this.#unescape(bytes, quote, close + 1, column) ? close + 1 : -1
    }
    if (type !== 'timestamp' || this.#hasEscape) return -1
    const instant = instantAt(bytes, quote + 1, close)
    if (instant === undefined) return -1
    this.#keep(column, instant)
    return close + 1
  }

  #unescape(bytes: Buffer, start: number, end: number, column: number): boolean {
    try {
      this.#row.keepText(column, JSON.parse(bytes.toString('utf8', start, end)) as string)
      return true
    } catch {
      return false
    }
  }

  /** Into `#number`; answers where it ends, or −1. JSON's grammar: RFC 8259, section 6. */
  #readNumber(bytes: Buffer, start: number, end: number): number {
    const isNegative = bytes[start] === MINUS
    let at = isNegative ? start + 1 : start
    const first = at
    let whole = 0
    for (; at < end && isDigit(bytes[at]!); at++) whole = whole * 10 + (bytes[at]! - ZERO)
    let digits = at - first
    if (digits === 0 || (digits > 1 && bytes[first] === ZERO)) return -1
    let decimals = 0
    if (at < end && bytes[at] === DOT) {
      const point = ++at
      for (; at < end && isDigit(bytes[at]!); at++) whole = whole * 10 + (bytes[at]! - ZERO)
      decimals = at - point
      if (decimals === 0) return -1
      digits += decimals
    }
    const exponent = at
    if (at < end && (bytes[at]! | 0x20) === 0x65) {
      at++
      if (at < end && (bytes[at] === MINUS || bytes[at] === 0x2b)) at++
      const power = at
      while (at < end && isDigit(bytes[at]!)) at++
      if (at === power) return -1
    }
    if (at === exponent && digits <= EXACT_DIGITS) {
      const value = whole / POWERS[decimals]!
      this.#number = isNegative ? -value : value
    } else this.#number = Number(bytes.toString('latin1', start, at))
    return at
  }
}

const NULL_WORD = encoder.encode('null')
const TRUE_WORD = encoder.encode('true')
const FALSE_WORD = encoder.encode('false')

const isDigit = (byte: number): boolean => byte >= ZERO && byte <= NINE

/** JSON's four kinds of white space. */
function skipSpace(bytes: Uint8Array, from: number, end: number): number {
  let at = from
  for (; at < end; at++) {
    const byte = bytes[at]!
    if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) break
  }
  return at
}

function isWordAt(bytes: Uint8Array, at: number, end: number, word: Uint8Array): boolean {
  if (at + word.length > end) return false
  for (let index = 0; index < word.length; index++) {
    if (bytes[at + index] !== word[index]) return false
  }
  return true
}

const isNameAt = (bytes: Uint8Array, at: number, end: number, name: Uint8Array): boolean =>
  isWordAt(bytes, at, end, name) && bytes[at + name.length] === QUOTE && at + name.length < end

const DAY_MS = 86_400_000
/** `2026-01-31T12:00:00`. */
const SECONDS_LENGTH = 19

/** As `instantOf`, without a text for the usual form, `2026-01-31T12:00:00.123Z`. */
export function instantAt(bytes: Buffer, start: number, end: number): number | undefined {
  const usual = end - start > SECONDS_LENGTH && bytes[end - 1] === 0x5a
  const year = usual ? digitsAt(bytes, start, 4) : -1
  const month = digitsAt(bytes, start + 5, 2)
  const day = digitsAt(bytes, start + 8, 2)
  const hour = digitsAt(bytes, start + 11, 2)
  const minute = digitsAt(bytes, start + 14, 2)
  const second = digitsAt(bytes, start + 17, 2)
  const fraction = fractionAt(bytes, start + SECONDS_LENGTH, end - 1)
  const isPlain =
    year >= 1900 &&
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    // Every month has 28 days; of the others `instantOf` knows.
    day <= 28 &&
    hour >= 0 &&
    hour < 24 &&
    minute >= 0 &&
    minute < 60 &&
    second >= 0 &&
    second < 60 &&
    fraction >= 0 &&
    bytes[start + 4] === MINUS &&
    bytes[start + 7] === MINUS &&
    bytes[start + 10] === 0x54 &&
    bytes[start + 13] === COLON &&
    bytes[start + 16] === COLON
  if (!isPlain) return instantOf(bytes.toString('utf8', start, end))
  const time = (hour * 60 + minute) * 60_000 + second * 1_000 + fraction
  return dayOf(year, month, day) * DAY_MS + time
}

/** The number that so many digits are, or −1. */
function digitsAt(bytes: Uint8Array, at: number, count: number): number {
  let value = 0
  for (let index = at; index < at + count; index++) {
    const byte = bytes[index]!
    if (!isDigit(byte)) return -1
    value = value * 10 + (byte - ZERO)
  }
  return value
}

/** Milliseconds of `.123456`, cut off; 0 for nothing; −1 for anything else. */
function fractionAt(bytes: Uint8Array, at: number, end: number): number {
  if (at === end) return 0
  if (bytes[at] !== DOT || at + 1 === end) return -1
  let value = 0
  for (let index = at + 1; index < end; index++) {
    const byte = bytes[index]!
    if (!isDigit(byte)) return -1
    if (index < at + 4) value += (byte - ZERO) * 10 ** (at + 3 - index)
  }
  return value
}

/** Days since 1970-01-01. Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil. */
function dayOf(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const ofEra = y - era * 400
  const ofYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  return (
    era * 146_097 + ofEra * 365 + Math.floor(ofEra / 4) - Math.floor(ofEra / 100) + ofYear - 719_468
  )
}

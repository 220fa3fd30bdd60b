/** One field of a parsed event as the cell of its column, exactly or not at all. */
import {
  escapePointer,
  type Cell,
  type Column,
  type ColumnType,
  type Issue,
} from '../core/index.ts'

/** A cell, or why there is none. `text` is the whole event as it was sent. */
export type CellReader = (event: Readonly<Record<string, unknown>>, text: string) => Cell | Issue

/** Undefined: the value does not fit. */
type Convert = (value: unknown, text: string) => Exclude<Cell, null> | undefined

const MIN_INT64 = -(2n ** 63n)
const MAX_INT64 = 2n ** 63n - 1n

const CONVERT: Readonly<Record<ColumnType, Convert>> = {
  boolean: (value) => (typeof value === 'boolean' ? value : undefined),
  /** `+ 0` makes a minus zero a zero, which BIGINT has only one of. */
  integer: (value) => (Number.isSafeInteger(value) ? (value as number) + 0 : undefined),
  int64: toInt64,
  double: (value) => (Number.isFinite(value) ? (value as number) : undefined),
  text: (value) => (typeof value === 'string' ? value : undefined),
  timestamp: (value) => (typeof value === 'string' ? instantOf(value) : undefined),
  json: toJson,
}

const EXPECTED: Readonly<Record<ColumnType, string>> = {
  boolean: 'expected true or false',
  integer: 'expected a whole number within ± 9007199254740991',
  int64: 'expected a 64-bit whole number, as text when it is beyond ± 9007199254740991',
  double: 'expected a finite number',
  text: 'expected a text',
  timestamp: 'expected an ISO 8601 date and time, for example 2026-01-31T12:00:00Z',
  json: 'expected a value whose numbers are exact: send large numbers as text',
}

export function cellReader(column: Column): CellReader {
  const { name, type, nullable } = column
  const convert = column.takesNumbers ? toName : CONVERT[type]
  const path = `/${escapePointer(name)}`
  /** Names such as `constructor` are found in every object; only the event's own fields count. */
  const isInherited = name in Object.prototype
  return (event, text) => {
    const value = isInherited && !Object.hasOwn(event, name) ? undefined : event[name]
    if (value === undefined || value === null)
      return nullable ? null : { path, message: `the field is missing: ${EXPECTED[type]}` }
    return convert(value, text) ?? { path, message: EXPECTED[type] }
  }
}

const toName: Convert = (value) =>
  typeof value === 'string' ? value : Number.isSafeInteger(value) ? String(value) : undefined

function toInt64(value: unknown): bigint | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : undefined
  if (typeof value !== 'string' || !/^-?\d{1,19}$/.test(value)) return undefined
  const number = BigInt(value)
  return number >= MIN_INT64 && number <= MAX_INT64 ? number : undefined
}

/** As JSON writes halves of surrogate pairs that stand alone. They are no UTF-8, and readers refuse a file that has one. */
const LONE_SURROGATE = /(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g

/** The value as JSON text again; halves of surrogate pairs become U+FFFD, as in texts. Refused where parsing has already changed a number: beyond 2^53, or to Infinity. */
function toJson(value: unknown, text: string): string | undefined {
  try {
    if (!isExact(value, /\d{16}/.test(text))) return undefined
    return JSON.stringify(value).replaceAll(LONE_SURROGATE, '$1\ufffd')
  } catch {
    // Nested deeper than the stack: RangeError.
    return undefined
  }
}

function isExact(value: unknown, hasLongNumbers: boolean): boolean {
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return false
    return !hasLongNumbers || !Number.isInteger(value) || Number.isSafeInteger(value)
  }
  if (typeof value !== 'object' || value === null) return true
  return Object.values(value).every((part) => isExact(part, hasLongNumbers))
}

const ISO = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?(Z|[+-]\d\d:\d\d)?$/

/**
 * Milliseconds since the epoch of an ISO 8601 date and time; a text without an offset is UTC. Finer fractions are cut off.
 * Undefined for anything else, also for the 30th of February, which `Date.parse` would move into March.
 */
export function instantOf(text: string): number | undefined {
  const match = ISO.exec(text)
  if (!match) return undefined
  const day = Number(match[3])
  // Every month has 28 days.
  if (day > 28 && day > new Date(Date.UTC(Number(match[1]), Number(match[2]), 0)).getUTCDate()) {
    return undefined
  }
  const instant = Date.parse(match[7] === undefined ? `${text}Z` : text)
  return Number.isNaN(instant) ? undefined : instant
}

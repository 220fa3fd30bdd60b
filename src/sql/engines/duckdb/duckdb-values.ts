/** DuckDB's values as ours: numbers where they are exact, bigint beyond ± (2^53 − 1), ISO 8601 text for times. */
import {
  BIGINT,
  DOUBLE,
  DuckDBArrayValue,
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampSecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBUnionValue,
  HUGEINT,
  type DuckDBResult,
  type DuckDBType,
  type DuckDBValue,
} from '@duckdb/node-api'
import type { Cell } from '../../../core/index.ts'
import type { QueryColumn, SqlValue } from '../../engine.ts'

/** Latest time that a JavaScript Date can hold, milliseconds. */
const MAX_DATE_MS = 8.64e15

export function toSqlValue(value: DuckDBValue): SqlValue {
  if (value === null || typeof value === 'number') return value
  if (typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'bigint') return exactNumber(value)
  const micros = microsOf(value)
  if (micros !== undefined) return isoTime(micros, value instanceof DuckDBTimestampTZValue, value)
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue)
    return value.items.map(toSqlValue)
  if (value instanceof DuckDBStructValue) return fromEntries(Object.entries(value.entries))
  if (value instanceof DuckDBMapValue) return mapValue(value)
  if (value instanceof DuckDBUnionValue) return toSqlValue(value.value)
  if (value instanceof DuckDBBlobValue) return Buffer.from(value.bytes).toString('base64')
  return String(value)
}

/** A number where it is exact, else the bigint. */
export function exactNumber(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

/** Microseconds since the epoch of any kind of timestamp; undefined for everything else and for infinity. */
export function microsOf(value: unknown): bigint | undefined {
  if (value instanceof DuckDBTimestampTZValue || value instanceof DuckDBTimestampValue)
    return value.isFinite ? value.micros : undefined
  if (value instanceof DuckDBTimestampMillisecondsValue) return value.millis * 1_000n
  if (value instanceof DuckDBTimestampSecondsValue) return value.seconds * 1_000_000n
  if (value instanceof DuckDBTimestampNanosecondsValue) return value.nanos / 1_000n
  return undefined
}

/** Milliseconds since the epoch of a timestamp or date, NaN for everything else. */
export function millisOf(value: DuckDBValue): number {
  if (value instanceof DuckDBDateValue) return value.days * 86_400_000
  const micros = microsOf(value)
  return micros === undefined ? Number.NaN : Number(micros) / 1_000
}

function isoTime(micros: bigint, isUtc: boolean, value: DuckDBValue): string {
  const millis = Number((micros - (((micros % 1_000n) + 1_000n) % 1_000n)) / 1_000n)
  if (Math.abs(millis) > MAX_DATE_MS) return String(value)
  const text = new Date(millis).toISOString().slice(0, -1)
  const rest = Number(((micros % 1_000n) + 1_000n) % 1_000n)
  return `${text}${rest === 0 ? '' : String(rest).padStart(3, '0')}${isUtc ? 'Z' : ''}`
}

function mapValue(map: DuckDBMapValue): SqlValue {
  if (map.entries.every(({ key }) => typeof key === 'string'))
    return fromEntries(map.entries.map(({ key, value }) => [key as string, value]))
  return map.entries.map(({ key, value }) => ({ key: toSqlValue(key), value: toSqlValue(value) }))
}

/** `Object.fromEntries` defines own properties, so a key `__proto__` stays data. */
const fromEntries = (entries: readonly (readonly [string, DuckDBValue])[]): SqlValue =>
  Object.fromEntries(entries.map(([key, value]) => [key, toSqlValue(value)]))

/** A bound parameter and its type: whole numbers are BIGINT, other numbers DOUBLE. */
export function bindable(cell: Cell): readonly [DuckDBValue, DuckDBType | undefined] {
  if (typeof cell === 'number')
    return Number.isSafeInteger(cell) ? [BigInt(cell), BIGINT] : [cell, DOUBLE]
  if (typeof cell === 'bigint') return [cell, BigInt.asIntN(64, cell) === cell ? BIGINT : HUGEINT]
  return [cell, undefined]
}

/** Names and types; a type with a name of its own (JSON) is told by that. */
export function queryColumns(result: DuckDBResult): QueryColumn[] {
  const types = result.columnTypes()
  return result.columnNames().map((name, index) => {
    const type = types[index]
    return { name, type: (type?.alias ?? String(type)).toUpperCase() }
  })
}

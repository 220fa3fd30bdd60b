/** A result of a window as a record: its id is made of stream, window and keys, so a replay gives the same one. */
import { envelopeHeaders, type Cell, type NewRecord } from '../../core/index.ts'
import type { WindowSpec } from './window.ts'

export interface ResultGroup {
  /** In the order of the window's keys. */
  readonly keys: readonly Cell[]
  /** In the order of its aggregates. */
  readonly values: readonly (number | null)[]
}

const encoder = new TextEncoder()

export function resultRecord(
  stream: { readonly name: string; readonly to: string; readonly spec: WindowSpec },
  startMs: number,
  group: ResultGroup,
): NewRecord {
  const { name, to, spec } = stream
  const start = new Date(startMs).toISOString()
  const endMs = startMs + spec.sizeMs
  const end = new Date(endMs).toISOString()
  const keys = group.keys.map((key) => (typeof key === 'bigint' ? String(key) : key))
  const value = {
    window_start: start,
    window_end: end,
    ...Object.fromEntries(spec.keys.map((key, index) => [key, keys[index] ?? null])),
    ...Object.fromEntries(
      Object.keys(spec.aggregates).map((column, index) => [column, group.values[index] ?? null]),
    ),
  }
  const place = keys.length === 0 ? '' : `/${JSON.stringify(keys)}`
  return {
    key: encoder.encode(keys.length === 0 ? start : keys.map(String).join('|')),
    value: encoder.encode(JSON.stringify(value)),
    headers: envelopeHeaders({
      id: `${name}/${start}${place}`,
      source: `stream:${name}`,
      type: to,
      time: end,
    }),
    // A record's timestamp cannot be negative; a window before 1970 keeps its own fields.
    timestamp: Math.max(0, endMs),
    partition: 0,
  }
}

/** From records to what a window needs of them: the same rows as in the table, their event time, keys and values. */
import { eventTimeMs, type Cell, type Column, type LogRecord } from '../../core/index.ts'
import { rowConverter } from '../../lake/index.ts'
import type { ValueOf, WindowSpec } from './window.ts'

export interface WindowRow {
  readonly partition: number
  readonly offset: number
  readonly timeMs: number
  readonly keys: readonly Cell[]
  /** In the order of the aggregates; null for a count, and for a field that is not there. */
  readonly values: readonly (number | null)[]
}

export interface ReadRows {
  /** In the order of the records. */
  readonly rows: readonly WindowRow[]
  /** No row of the topic, or without an event time. */
  readonly invalid: number
}

/** True when the value is always a whole number. */
export const isWholeValue = (of: ValueOf, columns: readonly Column[]): boolean =>
  of.as === 'words' || columns.find(({ name }) => name === of.field)?.type === 'integer'

export function createWindowRows(
  spec: WindowSpec,
  columns: readonly Column[],
): (records: readonly LogRecord[]) => ReadRows {
  const rowsOf = rowConverter(columns)
  const place = (name: string): number => columns.findIndex((column) => column.name === name)
  const keys = spec.keys.map(place)
  const values = Object.values(spec.aggregates).map((aggregate) =>
    aggregate.kind === 'count' ? undefined : { of: aggregate.of, at: place(aggregate.of.field) },
  )
  const time = spec.eventTime === undefined ? undefined : place(spec.eventTime)
  const isInstant = time !== undefined && columns[time]?.type === 'timestamp'

  return (records) => {
    const { rows, rejected } = rowsOf(records)
    const column = (name: string): readonly Cell[] =>
      rows.values[rows.columns.findIndex((one) => one.name === name)] ?? []
    const partitions = column('_partition')
    const offsets = column('_offset')
    const times = time === undefined ? column('_timestamp') : (rows.values[time] ?? [])
    const found: WindowRow[] = []
    for (let row = 0; row < rows.length; row++) {
      const cell = times[row] ?? null
      const isMs = time === undefined || isInstant
      const timeMs =
        cell === null ? undefined : eventTimeMs(numberOf(cell), isMs ? 'ms' : undefined)
      if (timeMs === undefined) continue
      found.push({
        partition: Number(partitions[row]),
        offset: Number(offsets[row]),
        timeMs,
        keys: keys.map((at) => rows.values[at]?.[row] ?? null),
        values: values.map((value) =>
          value ? numberAs(value.of, rows.values[value.at]?.[row] ?? null) : null,
        ),
      })
    }
    return { rows: found, invalid: rejected.length + rows.length - found.length }
  }
}

const numberOf = (cell: Cell): Cell => (typeof cell === 'bigint' ? Number(cell) : cell)

function numberAs(of: ValueOf, cell: Cell): number | null {
  if (of.as === 'words') return typeof cell === 'string' ? countWords(cell) : null
  return typeof cell === 'number' ? cell : null
}

const countWords = (text: string): number => text.match(/\S+/gu)?.length ?? 0

/**
 * From records to the few columns that views need, straight from the events' bytes: the others are only looked at, since a
 * record that does not fit its table is in the dead letters and no event of a view. It knows flat events whose fields are
 * texts, numbers and booleans; of anything else it says nothing, and the lake's conversion takes those records. Where it says
 * something, it says what that would (`quick-rows.test.ts`).
 */
import type { Cell, Column, ColumnarRows, ColumnType, LogRecord } from '../core/index.ts'
import { FLAT_KIND, FlatFields, FlatJson } from '../kernels/index.ts'
import { recordColumns } from '../lake/index.ts'
import type { FeatureTable } from './feature-view.ts'
import { sourceColumns, topicColumns } from './view-source.ts'

/** Undefined: convert these records the long way. */
export type QuickRows = (records: readonly LogRecord[]) => ColumnarRows | undefined

const bits = (...kinds: readonly number[]): number =>
  kinds.reduce((mask, kind) => mask | (1 << kind), 0)
const TEXT = bits(FLAT_KIND.plain, FLAT_KIND.text)
const WHOLE = bits(FLAT_KIND.integer)
const NULL = bits(FLAT_KIND.null)

/** Kinds of values that are cells of the column as they are. */
const TAKEN: Readonly<Record<ColumnType, number>> = {
  boolean: bits(FLAT_KIND.true, FLAT_KIND.false),
  integer: WHOLE,
  double: WHOLE | bits(FLAT_KIND.fraction),
  text: TEXT,
  int64: 0,
  timestamp: 0,
  json: 0,
}

const kindsOf = ({ type, takesNumbers, nullable }: Column): number =>
  TAKEN[type] | (takesNumbers ? WHOLE : 0) | (nullable ? NULL : 0)

/** Cells that a record has beside its event. */
const RECORD_CELLS: Readonly<Record<string, (record: LogRecord) => Cell>> = {
  _topic: (record) => record.topic,
  _partition: (record) => record.partition,
  _offset: (record) => record.offset,
  _timestamp: (record) => record.timestamp,
  _key: ({ key }) =>
    key === null ? null : Buffer.from(key.buffer, key.byteOffset, key.length).toString(),
}

/** @param names of the columns that are needed, in any order. Undefined when one of them is not to be had so. */
export function createQuickRows(
  table: FeatureTable,
  names: ReadonlySet<string>,
): QuickRows | undefined {
  const own = topicColumns(table)
  const needed = sourceColumns(table).filter(({ name }) => names.has(name))
  const fromRecord = needed.filter((column) => recordColumns.includes(column))
  const cellsOf = fromRecord.flatMap(({ name }) => RECORD_CELLS[name] ?? [])
  if (cellsOf.length < fromRecord.length || !own.every(({ name }) => isPlainName(name))) {
    return undefined
  }
  const json = new FlatJson()
  const found = new FlatFields(own.map(({ name }) => name))
  const kinds = own.map(kindsOf)
  const taken = own.flatMap((column, at) => (names.has(column.name) ? [at] : []))
  const asText = taken.map((at) => own[at]?.takesNumbers === true)
  return (records) => {
    const values = needed.map((): Cell[] => [])
    for (const record of records) {
      const { value } = record
      if (value === null || !json.read(value) || !found.match(json)) return undefined
      if (!fit(json, found.places, kinds)) return undefined
      for (const [to, at] of taken.entries()) {
        const place = found.places[at]!
        const cell = place < 0 ? null : json.value(place)
        values[to]!.push(asText[to] && cell !== null ? String(cell) : cell)
      }
      for (const [to, cellOf] of cellsOf.entries()) {
        values[taken.length + to]!.push(cellOf(record))
      }
    }
    return { columns: needed, length: records.length, values }
  }
}

/** Names that JSON writes as they are, and that no object has by itself. */
const isPlainName = (name: string): boolean =>
  /^[ !#-[\]-~]{1,128}$/.test(name) && !(name in Object.prototype)

function fit(json: FlatJson, places: Int32Array, kinds: readonly number[]): boolean {
  for (let at = 0; at < kinds.length; at++) {
    const place = places[at]!
    const kind = place < 0 ? FLAT_KIND.null : json.kind[place]!
    if ((kinds[at]! & (1 << kind)) === 0) return false
  }
  return true
}

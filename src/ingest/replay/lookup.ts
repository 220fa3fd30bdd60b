/**
 * A lookup join at the door: adds columns of a reference file to each event, by key. Ids are compared as text, and each in
 * its own id space: with `via`, the event's id is first translated by another file. (A MovieLens movie 153 is not the film
 * with TMDB id 153; links.csv says which is which.)
 */
import type { Column } from '../../core/index.ts'
import type { EventSource, SourceEvent } from '../ingest.ts'
import type { DataFolder } from '../sources/data-folder.ts'
import { loadIds, loadMembers, type Member } from './lookup-table.ts'

/** As an app declares it. */
export interface LookupSpec {
  readonly file: string
  readonly on: string
  readonly key?: string
  readonly take: readonly string[]
  readonly via?: { readonly file: string; readonly from: string; readonly to: string }
}

export interface LookupReport {
  readonly file: string
  /** Keys of the reference file. */
  readonly keys: number
  /** Rows whose key an earlier row has; the first one counts. */
  readonly duplicateKeys: number
  readonly duplicateSample: readonly string[]
  /** Events that got their columns, and that did not. */
  readonly matched: number
  readonly unmatched: number
  /** Some of the ids without a match, each once. */
  readonly unmatchedSample: readonly string[]
  /** Cells left out because they are not of the column's type. */
  readonly badCells: number
}

export interface Lookup {
  /** The source with the columns added; its id and positions stay. */
  apply(source: EventSource): EventSource
  /** Counts of what was read so far; a position that is read again counts again. */
  report(): LookupReport
}

const SAMPLE = 20

/** `columns`: the topic's, for the types of what is taken. Throws INGEST_UNKNOWN_SOURCE, INGEST_SOURCE_FAILED. */
export async function loadLookup(
  folder: DataFolder,
  spec: LookupSpec,
  columns: readonly Column[],
): Promise<Lookup> {
  const table = await loadMembers(folder, spec.file, spec.key ?? spec.on, spec.take, columns)
  const via = spec.via && (await loadIds(folder, spec.via.file, spec.via.from, spec.via.to))
  const counts = { matched: 0, unmatched: 0 }
  const unmatched = new Set<string>()
  const find = (id: string): readonly Member[] | undefined => {
    const key = via ? via.get(id) : id
    return key === undefined ? undefined : table.values.get(key)
  }
  const join = (event: SourceEvent): SourceEvent => {
    if (event.problem) return event
    const parsed = readEvent(event.bytes)
    const value = parsed?.[spec.on]
    if (!parsed || (typeof value !== 'string' && typeof value !== 'number')) return event
    const added = find(String(value))
    if (added === undefined) {
      counts.unmatched++
      if (unmatched.size < SAMPLE) unmatched.add(String(value))
      return event
    }
    counts.matched++
    return {
      ...event,
      bytes: insert(event.bytes, parsed, added),
      original: event.original ?? event.bytes,
    }
  }
  return {
    apply: (source) => ({
      ...source,
      async *events(from, signal) {
        for await (const chunk of source.events(from, signal)) yield chunk.map(join)
      },
    }),
    report: () => ({
      file: spec.file,
      keys: table.values.size,
      duplicateKeys: table.duplicateKeys,
      duplicateSample: table.duplicateSample,
      ...counts,
      unmatchedSample: [...unmatched],
      badCells: table.badCells,
    }),
  }
}

function readEvent(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(Buffer.from(bytes).toString()) as unknown
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

/** Puts members before the closing brace; the event's own bytes stay, and so do the columns that it has itself. */
function insert(
  bytes: Uint8Array,
  event: Readonly<Record<string, unknown>>,
  members: readonly Member[],
): Uint8Array {
  const added = members.filter(({ name }) => !Object.hasOwn(event, name)).map(({ json }) => json)
  if (added.length === 0) return bytes
  const text = Buffer.from(bytes).toString().trimEnd()
  const comma = Object.keys(event).length === 0 ? '' : ','
  return Buffer.from(`${text.slice(0, -1)}${comma}${added.join()}}`)
}

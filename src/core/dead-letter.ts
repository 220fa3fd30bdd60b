/**
 * A dead letter: the original bytes of an event or record that cannot be used, as the value of a record in
 * `<topic>.dead-letters`, with what happened in its headers. The original's own headers follow them, unchanged.
 */
import type { RecordHeader } from './record.ts'

export interface DeadLetter {
  /** `ingest`: refused at the door. `sink`: accepted by the log, but no row of its table. `stream`: nothing to derive from. */
  readonly stage: 'ingest' | 'sink' | 'stream'
  /** Error code: `INGEST_INVALID_EVENT`, … */
  readonly code: string
  /** One sentence that names the field and the rule. */
  readonly reason: string
  /** Where it came from: a topic's name, `file:ratings.csv`, `http`. */
  readonly source: string
  /** Partition and offset of the record (stages `sink` and `stream`). */
  readonly partition?: number
  readonly offset?: number
  /** Line or row in the source, from 1 (stage `ingest`). */
  readonly position?: number
  /** When it was put aside, ISO 8601. */
  readonly at: string
}

const PREFIX = 'dl_'
const encoder = new TextEncoder()
const decoder = new TextDecoder()

export function deadLetterHeaders(letter: DeadLetter): RecordHeader[] {
  return Object.entries(letter)
    .filter(([, value]) => value !== undefined)
    .map(([field, value]) => ({ key: PREFIX + field, value: encoder.encode(String(value)) }))
}

/** The facts of a dead letter; undefined for a record that is none. */
export function readDeadLetter(headers: readonly RecordHeader[]): DeadLetter | undefined {
  const facts: Record<string, string | number> = {}
  for (const { key, value } of headers) {
    if (!key.startsWith(PREFIX) || value === null) continue
    const field = key.slice(PREFIX.length)
    const text = decoder.decode(value)
    facts[field] = NUMBERS.has(field) ? Number(text) : text
  }
  return 'stage' in facts && 'code' in facts ? (facts as unknown as DeadLetter) : undefined
}

const NUMBERS = new Set(['partition', 'offset', 'position'])

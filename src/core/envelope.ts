/**
 * The envelope of an event: CloudEvents 1.0 in the Kafka protocol binding's binary mode (section 3.2). The record's value
 * is the user's event, untouched; the attributes are record headers `ce_*`. In the lake they are columns with a leading
 * underscore.
 */
import type { RecordHeader } from './record.ts'

export interface Envelope {
  /** Unique for its source; the key of deduplication. */
  readonly id: string
  /** Where it came from: `http`, `file:<name>`, a client's own URI. */
  readonly source: string
  readonly type?: string
  /** Who or what it is about: the user, the player. */
  readonly subject?: string
  /** Name and version of the event's form, a URI. */
  readonly dataschema?: string
  /** When it happened, ISO 8601. */
  readonly time?: string
  /** W3C trace context. */
  readonly traceparent?: string
}

const NAMES = [
  ['ce_id', 'id'],
  ['ce_source', 'source'],
  ['ce_type', 'type'],
  ['ce_subject', 'subject'],
  ['ce_dataschema', 'dataschema'],
  ['ce_time', 'time'],
  ['traceparent', 'traceparent'],
] as const

const FIELDS: ReadonlyMap<string, string> = new Map(NAMES)

const SPEC_VERSION: RecordHeader = { key: 'ce_specversion', value: Buffer.from('1.0') }

export function envelopeHeaders(envelope: Envelope): RecordHeader[] {
  const headers: RecordHeader[] = [SPEC_VERSION]
  for (const [key, field] of NAMES) {
    const value = envelope[field]
    if (value !== undefined) headers.push({ key, value: Buffer.from(value) })
  }
  return headers
}

/** The envelope of a record; records of foreign producers may have none of it. */
export function readEnvelope(headers: readonly RecordHeader[]): Partial<Envelope> {
  const envelope: Record<string, string> = {}
  for (const header of headers) {
    const field = FIELDS.get(header.key)
    if (field !== undefined && header.value) envelope[field] = textOf(header.value)
  }
  return envelope
}

/** For texts as short as these the platform's decoder takes several times as long. */
const textOf = ({ buffer, byteOffset, length }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, length).toString()

/** How an event waits in the spool: the record that the log will get, with two headers more at the end. */
import type { LogRecord, NewRecord, RecordHeader } from '../../core/index.ts'
import type { BuiltEvent } from '../publish/record-builder.ts'

/** The topic that it is for. */
const TOPIC = 'millrace_spooled_topic'
/** The id that its sender gave. */
const GIVEN_ID = 'millrace_spooled_id'

export interface Spooled {
  readonly topic: string
  readonly event: BuiltEvent
}

export function toSpool(topic: string, { record, givenId }: BuiltEvent): NewRecord {
  const more: RecordHeader[] = [{ key: TOPIC, value: Buffer.from(topic) }]
  if (givenId !== undefined) more.push({ key: GIVEN_ID, value: Buffer.from(givenId) })
  const { key, value, headers, timestamp } = record
  return { key, value, headers: [...headers, ...more], timestamp }
}

export function fromSpool({ key, value, headers, timestamp }: LogRecord): Spooled {
  const last = headers.at(-1)
  const isGiven = last?.key === GIVEN_ID
  const own = isGiven ? 2 : 1
  const topic = headers.at(-own)
  if (topic?.key !== TOPIC) throw new TypeError('a record of the spool does not name its topic')
  const record = { key, value, headers: headers.slice(0, -own), timestamp }
  const givenId = isGiven ? textOf(last.value) : undefined
  return { topic: textOf(topic.value), event: { record, givenId } }
}

const textOf = (bytes: Uint8Array | null): string => Buffer.from(bytes ?? []).toString()

/** Bytes that it takes, about. */
export const sizeOf = ({ record: { key, value, headers } }: BuiltEvent): number =>
  headers.reduce(
    (sum, header) => sum + header.key.length + (header.value?.length ?? 0),
    64 + (key?.length ?? 0) + (value?.length ?? 0),
  )

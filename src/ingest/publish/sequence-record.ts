/** How the progress of a sequence lies in the log: a record of the compacted topic `__millrace-sequences`, and headers. */
import { INTERNAL_TOPIC_PREFIX, type NewRecord, type RecordHeader } from '../../core/index.ts'
import type { Run } from './position-set.ts'

export const SEQUENCE_TOPIC = `${INTERNAL_TOPIC_PREFIX}sequences`

/** What was stored of a sequence when every record before `ends` is counted. */
export interface SequenceProgress {
  readonly topic: string
  readonly sequence: string
  /** Digest of the content that the positions speak of. */
  readonly fingerprint?: string
  readonly stored: readonly Run[]
  /** By topic (the topic itself and its dead letters): end offset of each partition. */
  readonly ends: Readonly<Record<string, readonly number[]>>
}

export const sequenceKey = (topic: string, sequence: string): string =>
  JSON.stringify([topic, sequence])

export const progressRecord = (progress: SequenceProgress, nowMs: number): NewRecord => ({
  key: Buffer.from(sequenceKey(progress.topic, progress.sequence)),
  value: Buffer.from(JSON.stringify(progress)),
  headers: [],
  timestamp: nowMs,
})

export const readProgress = (value: Uint8Array): SequenceProgress =>
  JSON.parse(Buffer.from(value).toString()) as SequenceProgress

const SEQUENCE = 'millrace_sequence'
const POSITION = 'millrace_position'

/** @param position in digits. */
export const sequenceHeaders = (sequence: Uint8Array, position: Uint8Array): RecordHeader[] => [
  { key: SEQUENCE, value: sequence },
  { key: POSITION, value: position },
]

/** The position that a record holds of a sequence; undefined when it belongs to none or another. */
export function positionOf(headers: readonly RecordHeader[], sequence: Buffer): number | undefined {
  // A dead letter repeats the headers of its original, so the first of each name counts.
  const name = headers.find((header) => header.key === SEQUENCE)?.value
  if (!name || sequence.compare(name) !== 0) return undefined
  const position = headers.find((header) => header.key === POSITION)?.value
  return position ? Number(Buffer.from(position).toString()) : undefined
}

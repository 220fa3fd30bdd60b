/** How the fate of a dead letter lies in the log: a record of the compacted topic `__millrace-dead-letters`, and a header. */
import { INTERNAL_TOPIC_PREFIX, type NewRecord, type RecordHeader } from '../../core/index.ts'

export const FATES_TOPIC = `${INTERNAL_TOPIC_PREFIX}dead-letters`

/**
 * `retrying`: a retry began when the topic ended at `ends`; the event may or may not lie behind them. `retried`: it landed,
 * or was there already (no place then). `dropped`: a person gave it up.
 */
export interface LetterFate {
  readonly state: 'retrying' | 'retried' | 'dropped'
  /** ISO 8601. */
  readonly at: string
  /** The letter's own time: with a topic that was deleted and made again an offset may speak of another letter. */
  readonly letterAt: string
  readonly partition?: number
  readonly offset?: number
  /** End offset of each partition of the topic, by partition. */
  readonly ends?: readonly number[]
}

export interface LetterKey {
  readonly topic: string
  /** Of the letter, in `<topic>.dead-letters`. */
  readonly offset: number
}

export const fateRecord = (
  letter: LetterKey,
  fate: LetterFate | undefined,
  nowMs: number,
): NewRecord => ({
  key: Buffer.from(JSON.stringify([letter.topic, letter.offset])),
  value: fate ? Buffer.from(JSON.stringify(fate)) : null,
  headers: [],
  timestamp: nowMs,
})

export function readFateKey(key: Uint8Array): LetterKey {
  const [topic, offset] = JSON.parse(Buffer.from(key).toString()) as [string, number]
  return { topic, offset }
}

export const readFate = (value: Uint8Array): LetterFate =>
  JSON.parse(Buffer.from(value).toString()) as LetterFate

const RETRIED_FROM = 'millrace_dead_letter'

/** Marks a record as the retry of a letter. */
export const retryHeader = (letterOffset: number): RecordHeader => ({
  key: RETRIED_FROM,
  value: Buffer.from(String(letterOffset)),
})

/** The letter that a record is the retry of; undefined for any other record. */
export function retriedFrom(headers: readonly RecordHeader[]): number | undefined {
  const value = headers.find(({ key }) => key === RETRIED_FROM)?.value
  return value ? Number(Buffer.from(value).toString()) : undefined
}

/**
 * Dead letters that a person works through: each is open until it is retried or dropped. A retry goes through the door like
 * any event and lands once (guarantee I8), also when the process ends at any instruction:
 *
 * 1. the intent is durable, with the topic's end offsets;
 * 2. the event is appended, with a header that names its letter;
 * 3. the fate is durable.
 *
 * An intent without a fate is settled before anything else is done with the letter: the records behind its ends tell
 * whether the event landed.
 */
import {
  deadLetterTopic,
  quote,
  readDeadLetter,
  readEnvelope,
  type Clock,
} from '../../core/index.ts'
import type { DeadLetter, Envelope, LogRecord } from '../../core/index.ts'
import type { Appended } from '../../log/index.ts'
import { ingestError } from '../errors.ts'
import { endsOf, type LogAccess } from '../publish/sequence-recovery.ts'
import { createLetterCensus, type TakeCensus } from './letter-census.ts'
import { followLetterFates } from './letter-fates.ts'
import { retriedFrom, type LetterFate } from './letter-record.ts'

export type LetterState = 'open' | 'retried' | 'dropped'

export interface LetterStatus {
  readonly state: LetterState
  /** When it was retried or dropped, ISO 8601. */
  readonly settledAt?: string
  /** Where the retried event lies; absent when an equal one was there already. */
  readonly landed?: Appended
}

/** A dead letter as it lies in `<topic>.dead-letters`. */
export interface StoredLetter extends LetterStatus {
  readonly record: LogRecord
  readonly letter: DeadLetter
}

export interface DeadLetters {
  /** Throws INGEST_UNKNOWN_DEAD_LETTER. `offset`: of the letter, in partition 0 of `<topic>.dead-letters`. */
  get(topic: string, offset: number): Promise<StoredLetter>
  /** What became of the topic's letters up to now, to be asked with their records. */
  statuses(topic: string): Promise<(letter: LogRecord) => LetterStatus>
  /**
   * Sends the letter's event again, or `fixed` in its stead. A letter that was retried stays so and answers the same.
   * Throws the fault of an event that is still bad (the letter stays open), INGEST_UNKNOWN_DEAD_LETTER, and
   * INGEST_DEAD_LETTER_SETTLED when it was dropped.
   */
  retry(topic: string, offset: number, fixed?: Uint8Array): Promise<StoredLetter>
  /** Gives the letter up; its bytes stay readable. Idempotent. Throws INGEST_DEAD_LETTER_SETTLED when it was retried. */
  drop(topic: string, offset: number): Promise<StoredLetter>
  /** Letters that were retried, and dropped. */
  settled(topic: string): Promise<{ readonly retried: number; readonly dropped: number }>
  readonly census: TakeCensus
}

export interface DeskOptions extends LogAccess {
  readonly clock: Clock
  /** Puts one event through the door; undefined when an equal one was there already. Throws the event's fault. */
  readonly readmit: (event: Readmission) => Promise<Appended | undefined>
}

export interface Readmission {
  readonly topic: string
  readonly bytes: Uint8Array
  /** Offset of the letter. */
  readonly letter: number
  readonly envelope: Partial<Envelope>
}

export function createDeadLetters(options: DeskOptions): DeadLetters {
  const { clock, readmit } = options
  const fates = followLetterFates(options)
  const tails = new Map<string, Promise<unknown>>()
  const now = (): string => new Date(clock.now()).toISOString()

  /** Runs alone on one letter, with no retry of it half done. */
  const exclusive = <Result>(
    topic: string,
    offset: number,
    use: (stored: StoredLetter) => Promise<Result>,
  ): Promise<Result> => {
    const name = JSON.stringify([topic, offset])
    const run = async (): Promise<Result> => {
      const letter = await readLetter(options, topic, offset)
      await fates.catchUp()
      const fate = fates.of(topic, letter)
      if (fate?.state === 'retrying') await recover(topic, letter, fate)
      return use(stored(letter, fates.of(topic, letter)))
    }
    const result = (tails.get(name) ?? Promise.resolve()).then(run)
    const tail = result
      .catch(() => {})
      .then(() => {
        if (tails.get(name) === tail) tails.delete(name)
      })
    tails.set(name, tail)
    return result
  }

  /** After a crash or a failed append: did the event land? */
  const recover = async (topic: string, letter: LogRecord, intent: LetterFate): Promise<void> => {
    const landed = await findRetry(options, topic, letter.offset, intent.ends ?? [])
    const settled = { letterAt: intent.letterAt, at: now(), ...landed }
    await fates.decide(topic, letter, landed && { state: 'retried', ...settled })
  }

  return {
    get: (topic, offset) => exclusive(topic, offset, (stored) => Promise.resolve(stored)),
    async statuses(topic) {
      await fates.catchUp()
      return (letter) => statusOf(fates.of(topic, letter))
    },
    retry: (topic, offset, fixed) =>
      exclusive(topic, offset, async (letter) => {
        if (letter.state === 'retried') return letter
        if (letter.state === 'dropped') throw settledError(letter, topic, 'retried')
        const letterAt = letter.letter.at
        const ends = (await endsOf(options, topic))[topic] ?? []
        const bytes = fixed ?? letter.record.value ?? new Uint8Array()
        const { id: _, ...envelope } = readEnvelope(letter.record.headers)
        const intent = { state: 'retrying', at: now(), letterAt, ends } as const
        await fates.decide(topic, letter.record, intent)
        const landed = await readmit({ topic, bytes, letter: offset, envelope })
        const fate = { state: 'retried', at: now(), letterAt, ...landed } as const
        await fates.decide(topic, letter.record, fate)
        return stored(letter.record, fate)
      }),
    drop: (topic, offset) =>
      exclusive(topic, offset, async (letter) => {
        if (letter.state === 'dropped') return letter
        if (letter.state === 'retried') throw settledError(letter, topic, 'dropped')
        const fate = { state: 'dropped', at: now(), letterAt: letter.letter.at } as const
        await fates.decide(topic, letter.record, fate)
        return stored(letter.record, fate)
      }),
    async settled(topic) {
      await fates.catchUp()
      return { retried: fates.count(topic, 'retried'), dropped: fates.count(topic, 'dropped') }
    },
    census: createLetterCensus(options),
  }
}

async function readLetter(
  { log, directory }: LogAccess,
  topic: string,
  offset: number,
): Promise<LogRecord> {
  const letters = deadLetterTopic(topic)
  const place = (await directory.exists(letters))
    ? (await log.topic(letters)).partitions[0]
    : undefined
  if (place && offset >= place.earliest && offset < place.end) {
    for await (const { records } of log.read(letters, 0, offset, { to: offset + 1 })) {
      const letter = records.find((one) => one.offset === offset)
      if (letter && readDeadLetter(letter.headers)) return letter
    }
  }
  throw ingestError(
    'INGEST_UNKNOWN_DEAD_LETTER',
    `topic ${quote(topic)} has no dead letter ${offset}: ` +
      (place && place.end > place.earliest
        ? `it has ${place.earliest} to ${place.end - 1}`
        : 'it has none'),
  )
}

async function findRetry(
  { log, directory }: LogAccess,
  topic: string,
  letter: number,
  ends: readonly number[],
): Promise<Appended | undefined> {
  if (!(await directory.exists(topic))) return undefined
  for (const { partition, earliest, end } of (await log.topic(topic)).partitions) {
    const from = Math.max(ends[partition] ?? 0, earliest)
    if (from >= end) continue
    for await (const { records } of log.read(topic, partition, from, { to: end })) {
      const landed = records.find(({ headers }) => retriedFrom(headers) === letter)
      if (landed) return { partition, offset: landed.offset }
    }
  }
  return undefined
}

function stored(record: LogRecord, fate: LetterFate | undefined): StoredLetter {
  const letter = readDeadLetter(record.headers)
  if (!letter) throw new TypeError('not a dead letter')
  return { record, letter, ...statusOf(fate) }
}

function statusOf(fate: LetterFate | undefined): LetterStatus {
  if (!fate || fate.state === 'retrying') return { state: 'open' }
  const { state, at, partition, offset } = fate
  const isPlaced = partition !== undefined && offset !== undefined
  return { state, settledAt: at, ...(isPlaced && { landed: { partition, offset } }) }
}

const settledError = (letter: StoredLetter, topic: string, wanted: string): Error =>
  ingestError(
    'INGEST_DEAD_LETTER_SETTLED',
    `dead letter ${letter.record.offset} of topic ${quote(topic)} was ${letter.state} at ${letter.settledAt} and cannot be ${wanted}` +
      (letter.state === 'dropped' ? ': send the event anew' : ''),
  )

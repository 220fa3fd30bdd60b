/** What the checks of the room share: a real log, an ingest on it, a crash, and the records as they lie there. */
import { z } from 'zod'
import { columnsOf, deadLetterTopic, type LogRecord, type NewRecord } from '../core/index.ts'
import type { Log } from '../log/index.ts'
import type { Ingest, TopicContract } from './ingest.ts'

/** One ingest on one log; `reopen` ends the ingest without closing it, as a crash does, and starts the next. */
export interface IngestWorld {
  readonly log: Log
  readonly ingest: Ingest
  /** `spoil` may stand between the next ingest and the log. */
  reopen(spoil?: (log: Log) => Log): Ingest
}

export interface IngestHarness {
  /** A fresh log and an ingest on it. */
  open(): Promise<IngestWorld>
}

const schema = z.object({
  userId: z.int(),
  movieId: z.int(),
  rating: z.number().min(0.5).max(5),
  timestamp: z.int().optional(),
  note: z.string().optional(),
})

/** The topic of all checks. */
export const ratings: TopicContract = {
  topic: 'ratings',
  schema,
  columns: columnsOf(schema),
  key: 'userId',
  eventTime: 'timestamp',
}

export const rating = (movieId: number, userId = 1): string =>
  JSON.stringify({ userId, movieId, rating: 4, timestamp: 964_982_703 + movieId })

/** A body that arrives in pieces of `size` bytes. */
export async function* body(text: string | Uint8Array, size = 1_000): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text as string)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

/** All records of a topic, none when it is not there. */
export async function recordsOf(log: Log, topic: string): Promise<LogRecord[]> {
  const known = (await log.topics()).find(({ name }) => name === topic)
  const records: LogRecord[] = []
  for (const { partition, earliest } of known?.partitions ?? []) {
    for await (const batch of log.read(topic, partition, earliest)) records.push(...batch.records)
  }
  return records
}

export const textsOf = async (log: Log, topic: string): Promise<string[]> =>
  (await recordsOf(log, topic)).map(({ value }) => Buffer.from(value ?? []).toString())

export const lettersOf = (log: Log, topic: string): Promise<LogRecord[]> =>
  recordsOf(log, deadLetterTopic(topic))

export const headerOf = (record: NewRecord, key: string): string | undefined => {
  const value = record.headers.find((header) => header.key === key)?.value
  return value ? Buffer.from(value).toString() : undefined
}

/** The movies of the records, in order: each check numbers its events by them. */
export const moviesOf = async (log: Log, topic = ratings.topic): Promise<number[]> =>
  (await textsOf(log, topic)).map((text) => (JSON.parse(text) as { movieId: number }).movieId)

/**
 * A log whose `fatal`-th append (counted from 1, over all topics) fails: before anything is stored, or after all of it is,
 * as when the answer is lost. What a crash leaves is one of the two.
 */
export function failingLog(log: Log, fatal: number, when: 'before' | 'after'): Log {
  let appends = 0
  const append: Log['append'] = async (topic, records) => {
    appends++
    if (appends > fatal) throw new Error('the process is gone')
    if (appends === fatal && when === 'before') throw new Error('crash before the append')
    const appended = await log.append(topic, records)
    if (appends === fatal) throw new Error('crash after the append')
    return appended
  }
  return withAppend(log, append)
}

/** The log with another `append` in front of its own. */
export const withAppend = (log: Log, append: Log['append']): Log =>
  new Proxy(log, {
    get(target, name) {
      if (name === 'append') return append
      const member: unknown = Reflect.get(target, name)
      return typeof member === 'function' ? (member.bind(target) as unknown) : member
    },
  })

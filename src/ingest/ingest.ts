/**
 * Events in. Whatever the door (HTTP body, file, generator, later Kafka), an event passes the same checks: bytes are
 * UTF-8, JSON has no duplicate keys and no number that would be rounded, fields obey the topic's schema without coercion,
 * and what is refused goes to the dead-letter topic with reason, position and original bytes, or is named in the answer.
 *
 * Guarantees: **I1** an answer that lists an event as accepted means that it is durable (log L1). **I2** the record's value
 * is the event's bytes as they were sent (for CSV and Parquet rows: their JSON form). **I3** every event is accepted,
 * rejected, dead-lettered or a duplicate; the counts add up. **I4** numbers arrive as sent or are refused. **I5** within one
 * sequence (`SequenceMark`) no position is stored twice, also across restarts. **I6** memory does not grow with the body. **I7** an id
 * that the sender gave (`envelope.id`, the topic's id field) is stored once in a topic within the window (limits
 * `dedupeWindowMs`, `dedupeIds`), also across restarts and crashes; with other bytes it is refused with INGEST_ID_CONFLICT. **I8** a dead letter that
 * is retried lands once, over crashes at any instruction. **I9** duplicates and refused events that an answer names are
 * counted durably before it (`counts`).
 */
import type { Column, Envelope, EventSchema, Issue, OffsetRange } from '../core/index.ts'
import type { DeadLetters } from './dead-letters/dead-letter-desk.ts'
import type { IngestErrorCode } from './errors.ts'
import type { DoorCount } from './ledger/door-counts.ts'

/** What a topic expects of its events. Undeclared topics have none: any bytes are fine. */
export interface TopicContract {
  readonly topic: string
  readonly schema?: EventSchema
  readonly columns: readonly Column[]
  /** Field that becomes the record key, as text. */
  readonly key?: string
  /** Field that is the event's id, as text: the same id is stored once. Goes before an id of the envelope. */
  readonly id?: string
  /** Field with the event time; becomes the record timestamp when `eventTimeUnit` can be applied. */
  readonly eventTime?: string
  /** Unit of a numeric event time. Default: seconds below 10^11, else milliseconds. */
  readonly eventTimeUnit?: 's' | 'ms'
  /** Topic whose stream writes this one, and nobody else: events for it are refused with INGEST_RESULT_TOPIC. */
  readonly resultsOf?: string
}

export type BodyFormat = 'json' | 'ndjson' | 'csv'

/** A sender's own numbering: position n of sequence s is stored once. Files use their line or row number. */
export interface SequenceMark {
  readonly sequence: string
  /** Position of the first event of the call; the rest count up by one. */
  readonly first: number
}

export interface ReceiveOptions {
  readonly format: BodyFormat
  /** `reject` (default): bad events are only named in the answer. `dlq`: they also go to the dead-letter topic. */
  readonly onError?: 'reject' | 'dlq'
  readonly source: string
  readonly sequence?: SequenceMark
  /** `id`: of the one event; of several, each gets it with its index, `<id>:<index>`. */
  readonly envelope?: Partial<Envelope>
  readonly signal?: AbortSignal
  /**
   * Waits until so many bytes may be checked and stored; what it resolves with is called when they are. `isBegun`: a part of
   * the body is stored. Rejecting refuses the rest of the body. Default: there is no waiting.
   */
  readonly turn?: (bytes: number, isBegun: boolean) => Promise<() => void>
}

export interface RejectedEvent {
  /** Position in the body, from 0. */
  readonly index: number
  /** Line in an NDJSON or CSV body, from 1. */
  readonly line?: number
  readonly code: IngestErrorCode
  readonly issues: readonly Issue[]
}

export interface ReceiveResult {
  readonly accepted: number
  readonly duplicates: number
  /** Where the events lie that these repeat, as far as their ids say. */
  readonly duplicateOffsets: readonly OffsetRange[]
  /** Refused events that went to the dead-letter topic (`onError: 'dlq'`); they are listed in `rejected` too. */
  readonly deadLettered: number
  /** Durable on this machine, on their way to a cluster that is away; they have no offset yet. */
  readonly spooled: number
  readonly rejected: readonly RejectedEvent[]
  /** Refused events in all; beyond the first 1,000 they are counted, not listed. */
  readonly rejectedCount: number
  readonly offsets: readonly OffsetRange[]
}

/** One event from a source, before validation. */
export interface SourceEvent {
  /** JSON bytes of the event. Of one with a `problem`: as far as it could be read, at the least the row. */
  readonly bytes: Uint8Array
  /** The row as it stood in the file when that is not JSON; goes to the dead letters. */
  readonly original?: Uint8Array
  /** Place in the order that the source gives, from 1 without gaps: for files the row number, header not counted. */
  readonly position: number
  /** Row of the file, when the order is another one; names the row in a dead letter. */
  readonly row?: number
  /** Set when the source could not make an event of the row: goes to the dead letters. */
  readonly problem?: { readonly code: string; readonly issues: readonly Issue[] }
}

/** A file, folder member or generator that gives events in order. */
export interface EventSource {
  /** Stable over restarts, other for another order of the same rows: the sequence of a replay. */
  readonly id: string
  /** Digest of the content: a replay goes on only while it is the same. */
  readonly fingerprint?: string
  /** Events in all, when known without reading everything. */
  readonly total?: number
  /** From position `from` (1-based) on. */
  events(from: number, signal?: AbortSignal): AsyncIterable<readonly SourceEvent[]>
}

export interface ReplayOptions {
  readonly topic: string
  readonly source: EventSource
  /** Events per second; 0 is as fast as the log takes them. */
  readonly rate?: number
  /** Fraction of random variation of each pause, 0 to 1. Needs `rate` or `intervalMs`. */
  readonly jitter?: number
  /** One event every so many milliseconds. Excludes `rate`. */
  readonly intervalMs?: number
  /** Event-time scaled: 3600 plays an hour in a second. Excludes `rate`. */
  readonly speed?: number
  readonly seed?: number
  /** Checks every event and stores nothing. */
  readonly dryRun?: boolean
  /** Stops after so many events. */
  readonly limit?: number
}

export interface ReplayProgress {
  readonly topic: string
  readonly source: string
  /** Events read, counting those of earlier runs. */
  readonly position: number
  readonly total?: number
  readonly accepted: number
  readonly duplicates: number
  readonly deadLettered: number
  readonly ratePerSecond: number
  readonly state: 'running' | 'done' | 'stopped' | 'failed'
  readonly error?: string
}

export interface Replay {
  progress(): ReplayProgress
  /** Resolves at the end of the source, after `stop`, or rejects. */
  readonly done: Promise<ReplayProgress>
  /** Finishes the append that is under way. */
  stop(): Promise<void>
}

export interface Ingest {
  declare(contract: TopicContract): void
  contract(topic: string): TopicContract | undefined
  /** Reads a request body. Throws INGEST_INVALID_BODY when the whole cannot be read; bad events are in the result. */
  receive(
    topic: string,
    body: AsyncIterable<Uint8Array> | Uint8Array,
    options: ReceiveOptions,
  ): Promise<ReceiveResult>
  /** Goes on where an earlier replay of the same source and topic stopped. */
  replay(options: ReplayOptions): Replay
  /** Last stored position of a sequence on a topic; 0 when there is none. */
  sequencePosition(topic: string, sequence: string): Promise<number>
  replays(): readonly ReplayProgress[]
  /** Events that wait for a cluster that is away, and the room for more; undefined where none may wait. */
  spool(): { readonly events: number; readonly freeBytes: number } | undefined
  readonly deadLetters: DeadLetters
  /** Events of a topic that the log does not keep, since its first one. */
  counts(topic: string): Promise<DoorCount>
  close(): Promise<void>
}

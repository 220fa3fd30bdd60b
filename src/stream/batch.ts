/**
 * Log to batches. A batch is an ordered run of records of one topic, cut by rows, bytes, time or idle, whichever comes
 * first. Its boundary is durable in the compacted topic `__millrace-batches` before its file is written, so a replay after
 * the loss of the lake cuts the same batches, also those that a timer cut.
 *
 * The checkpoint, in order: 1 boundary logged · 2 file written, synced, renamed (lake commit) · 3 batch record with its
 * files logged · 4 group offsets committed · 5 retention told.
 *
 * Guarantees: **S1** every record of the topic is in exactly one batch, in order, or in the dead letters. **S2** numbers
 * ascend by one from 1, across restarts. **S3** a batch closes by its timer also when nothing arrives. **S4** on close the
 * open batch is written. **S5** a crash anywhere leads to the same files. **S6** `tail` plus the snapshot it names is every
 * durable record once.
 */
import type { OffsetRange } from '../core/index.ts'
import type { ColumnarRows } from '../core/index.ts'
import type { LakeFile, TableSnapshot } from '../lake/index.ts'

/** First that fires. At least one is set; all of them count from the batch's first record. */
export interface BatchPolicy {
  readonly rows?: number
  readonly bytes?: number
  /** Processing time since the first record of the batch, milliseconds. */
  readonly everyMs?: number
  /** Processing time since the last record of the batch, milliseconds. */
  readonly idleMs?: number
}

export type BatchTrigger = 'rows' | 'bytes' | 'time' | 'idle' | 'flush' | 'stop'

export interface Batch {
  readonly table: string
  readonly topic: string
  readonly number: number
  readonly trigger: BatchTrigger
  readonly state: 'planned' | 'committed'
  readonly ranges: readonly OffsetRange[]
  /** Rows in the lake: records less dead letters. Known when committed. */
  readonly rows: number
  readonly deadLetters: number
  /** Record timestamps, ISO 8601. */
  readonly firstTime: string
  readonly lastTime: string
  /** When the batch was cut and when it was committed, ISO 8601. */
  readonly closedAt: string
  readonly committedAt?: string
  readonly files: readonly LakeFile[]
}

export interface OpenBatch {
  readonly table: string
  readonly number: number
  readonly rows: number
  readonly bytes: number
  readonly ageMs: number
}

/** The part of a table that is not in the lake yet, and the snapshot that it continues. */
export interface TableTail {
  readonly snapshot: TableSnapshot
  readonly rows: ColumnarRows
  /** Per partition, the end offset that history and tail together reach. */
  readonly ends: ReadonlyMap<number, number>
}

/** Writes one topic to one table. */
export interface TableSink {
  readonly table: string
  readonly topic: string
  /** Ascending numbers. */
  batches(): readonly Batch[]
  open(): OpenBatch | undefined
  /** Cuts the open batch now; resolves when it is committed. Undefined when there is nothing to cut. */
  flush(): Promise<Batch | undefined>
  /** Everything durable at the time of the call, split into snapshot and tail. */
  tail(): Promise<TableTail>
  /** After each commit, in order. A listener that throws is logged and does not stop the sink. */
  onBatch(listener: (batch: Batch) => void): () => void
  /** Set when the sink cannot go on (full disk, …); it retries by itself with back-off. */
  failure(): Error | undefined
  close(): Promise<void>
}

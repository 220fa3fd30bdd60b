/**
 * The lake: tables of Parquet files, each record of the log in them exactly once. A table is fed by one topic; its rows
 * are the topic's columns plus the record's own (`_topic`, `_partition`, `_offset`, `_timestamp`, `_key`, `_id`, `_time`,
 * `_type`, `_source`).
 *
 * Layout of `<lake>/<table>/`:
 * ```
 *   manifest/00000000000000000007.json    one durable record a commit; the highest is the truth
 *   generations/000001/ratings-0-00000000000000000000-00000000000000000999.parquet
 *   generations/000001/day=2018-12-31/…  with partition columns: one file a folder and batch
 *   current -> generations/000001         a plain listing of current/ is right at every moment
 * ```
 * Guarantees, each held by a test of the same number in `lake.conformance.ts`:
 * - **K1 exactly once**: for each partition the rows of a plain listing of `current/` are at every moment a
 *   duplicate-free, gap-free prefix of what was committed, and equal it once `commit` resolves. With partition columns a
 *   batch is several files: a listing may see it in part for a moment, never a row twice; snapshots see it whole.
 * - **K2 idempotent**: committing a batch again (same number, same ranges) changes nothing and answers the same files.
 * - **K3 crash**: ended at any instruction, the next `open` finds the table as before or after the commit, never between,
 *   and removes what was left over. A plain listing never goes back: a batch whose files are all there is taken over, and
 *   of a batch that is there in part the files stay until it is committed again.
 * - **K4 names**: a file name gives topic, partition, first and last offset of what was read for it; in a folder the
 *   ranges are disjoint and ascend.
 * - **K5 digest**: every file's SHA-256 is in the manifest; `verify` names each file whose bytes differ, and `check` refuses a
 *   snapshot with one.
 * - **K6 compaction and retention**: compaction never changes rows, retention takes whole batches, oldest first; a reader of `current/` or of an older snapshot stays right for ten minutes.
 * - **K7 order**: a batch whose ranges do not follow the table's end is refused with LAKE_OUT_OF_ORDER.
 */
import type { Column, ColumnarRows, Issue, LogRecord, OffsetRange } from '../core/index.ts'
import type { Staged } from './staging/batch-stager.ts'

export interface TableSpec {
  readonly name: string
  readonly topic: string
  /** The topic's columns; the record columns are added by the lake. */
  readonly columns: readonly Column[]
  /** Partition columns: files lie in folders `name=value/`, one file a folder and batch. Default none. */
  readonly partitionBy?: readonly PartitionColumn[]
  /** What the table does by itself. Default: nothing. */
  readonly maintenance?: Maintenance
}

/** Runs after commits, beside them; a reader never notices (K6). */
export interface Maintenance {
  /** Small files are merged as soon as that saves so many files. Absent: only when asked. */
  readonly compactFiles?: number
  /** Merged files have about so many bytes; those of half of it are left alone. Default 128 MiB. */
  readonly targetBytes?: number
  /** Batches whose records are all older go, oldest first. Age is that of the record's time, milliseconds. */
  readonly retainMs?: number
  /** The oldest batches go while the table has more bytes. The newest batch always stays. */
  readonly retainBytes?: number
}

export interface PartitionColumn {
  /** Of the folder and of the column: `day`, or the column's own name. */
  readonly name: string
  /** Column of the topic or of the record that it is made of. */
  readonly from: string
  /** Of a time, in UTC: `2018-12`, `2018-12-31`, `2018-12-31T23`. Absent: the value itself. */
  readonly unit?: 'month' | 'day' | 'hour'
}

/** What the sink hands over: the rows of one batch, complete and in order of (partition, offset). */
export interface BatchCommit {
  readonly number: number
  /** Offsets that the batch covers, also those of records that went to the dead letters. */
  readonly ranges: readonly OffsetRange[]
  /** As cells, or of a stage of this table that is finished. */
  readonly rows: ColumnarRows | StagedRows
}

/**
 * The way of a batch from records to rows beside the caller's thread. Records come by partition with ascending offsets; what
 * becomes of each is what `rowConverter` says.
 */
export interface RowStage {
  /** Its bytes must not change; they are let go of when the thread has answered. */
  add(record: LogRecord): void
  /** Hands over what was added. */
  push(): void
  /** Whether little enough is on its way: above that, wait for `room`, or memory grows. */
  hasRoom(): boolean
  room(): Promise<void>
  /**
   * All rows; further calls answer the same. Rejects with LAKE_STORAGE_FULL, LAKE_STORAGE_FAILED, LAKE_THREAD_LOST, and with
   * LAKE_OUT_OF_ORDER where the records must come again by partition and offset: discard it and fill another one.
   */
  finish(): Promise<StagedRows>
  /** Lets go of what is on the disk. To be called in the end, whatever became of the batch. Idempotent. */
  discard(): void
}

export interface StagedRows extends Staged {
  readonly length: number
  /** By partition and offset. */
  readonly rejected: readonly RejectedRecord[]
}

export interface RejectedRecord {
  readonly record: LogRecord
  /** Why; at least one. */
  readonly issues: readonly Issue[]
}

export interface LakeFile {
  /** Relative to the table's `current/` folder, with the folders of its partition columns. */
  readonly name: string
  readonly partition: number
  readonly first: number
  readonly last: number
  readonly rows: number
  readonly bytes: number
  readonly sha256: string
  /** Numbers of the first and last batch whose rows are in the file. */
  readonly batches: readonly [first: number, last: number]
  /** The table's columns only become more: as many of them as this are in the file. Absent: not known. */
  readonly columnCount?: number
  /** Time of the newest record, at most that of the commit, milliseconds. Absent in files of before this was kept. */
  readonly newest?: number
}

/** A fixed view of a table. Its files stay on disk for ten minutes after they are replaced. */
export interface TableSnapshot {
  readonly table: string
  readonly version: number
  readonly columns: readonly Column[]
  readonly partitionBy: readonly PartitionColumn[]
  readonly files: readonly LakeFile[]
  /** Absolute path of a file of this snapshot. */
  path(file: LakeFile): string
  readonly rows: number
  readonly bytes: number
  /** Rows that retention took away, ever. */
  readonly expiredRows: number
  /** Per partition, the offset after the last committed one. */
  readonly ends: ReadonlyMap<number, number>
  /** Number of the last committed batch, 0 before the first. */
  readonly lastBatch: number
}

export interface LakeTable {
  readonly name: string
  readonly topic: string
  /** Topic columns and record columns, as they are in the files. */
  readonly columns: readonly Column[]
  readonly partitionBy: readonly PartitionColumn[]
  readonly maintenance: Maintenance
  snapshot(): TableSnapshot
  /**
   * For the records of one batch, of a topic with these columns (without the record columns). `onRoom` is called when the
   * stage has room again.
   */
  stage(columns: readonly Column[], onRoom?: () => void): RowStage
  /** Resolves when the batch is durable and visible. Throws LAKE_OUT_OF_ORDER, LAKE_STORAGE_FULL. */
  commit(
    batch: BatchCommit,
  ): Promise<{ readonly files: readonly LakeFile[]; readonly version: number }>
  /** Merges small files into files of about `targetBytes` (default 128 MiB). Answers how many files it replaced. */
  compact(options?: { targetBytes?: number }): Promise<{ before: number; after: number }>
  /** Does now what the table's maintenance asks for. Answers how many files were merged, into how many, and how many went. */
  maintain(): Promise<MaintenanceResult>
  /** Reads every file and compares its digest with the manifest. `pace` slows it down. */
  verify(pace?: (bytes: number) => Promise<void>): Promise<readonly FileProblem[]>
  /**
   * Before the files of a snapshot are read: compares those that this process has not compared yet, only by size when the
   * table has more than the lake's `checkBytes`. Throws LAKE_CORRUPT for a damaged file, also one that `verify` found.
   */
  check(snapshot: TableSnapshot): Promise<void>
}

export interface FileProblem {
  /** Relative to the table's `current/` folder. */
  readonly file: string
  readonly problem: string
}

export interface MaintenanceResult {
  readonly before: number
  readonly after: number
  readonly expired: number
}

export interface Lake {
  /** Opens or creates. New columns are added as nullable; a changed type or partitioning throws LAKE_SCHEMA_CONFLICT. */
  openTable(spec: TableSpec): Promise<LakeTable>
  table(name: string): LakeTable
  tables(): readonly LakeTable[]
  /** Writes rows that are not committed (the log's tail, for one query) as one Parquet file at `path`. */
  writeRows(path: string, columns: readonly Column[], rows: ColumnarRows): Promise<void>
  close(): Promise<void>
}

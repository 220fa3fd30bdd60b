/**
 * The log: append-only topics with partitions, offsets and consumer groups. It is the only source of truth; lake, models
 * and state can be rebuilt from it. Words and meanings are Apache Kafka's.
 *
 * Guarantees, each held by a test of the same number in `log.conformance.ts`:
 * - **L1 durable**: when `append` resolves, its records survive the end of the process and of the machine.
 * - **L2 order**: in a partition, offsets ascend in the order of appends; the records of one append to one partition are
 *   adjacent. Offsets are dense until compaction.
 * - **L3 visible when durable**: no reader or consumer sees a record before it is durable, and none is taken back.
 * - **L4 bytes**: key, value, headers (with order and repeats) and timestamp come back byte for byte.
 * - **L5 groups**: each partition has one owner in a group; a group resumes at its committed offset; with none, at `from`.
 * - **L6 fencing**: `commitOffsets` of a member that lost the partition fails with LOG_FENCED and changes nothing.
 * - **L7 crash**: after a crash at any instruction the log opens by itself, with L1 to L4 intact.
 * - **L8 corruption is found**: a record whose bytes changed on disk is never returned; reading it fails with LOG_CORRUPT,
 *   which names file and position; other partitions go on.
 * - **L9 keys**: without an explicit partition, equal keys go to equal partitions (murmur2, as the Java client).
 * - **L10 bounds**: retention removes whole segments from the start only, never one that a holder still needs.
 * - **L11 compaction**: keeps the last record of each key with its offset; tombstones go after `tombstoneMs`.
 * - **L12 close**: `close` is idempotent; afterwards every call fails with LOG_CLOSED.
 * - **L13 growth**: added partitions are written, read and owned like the others; the others stay as they are.
 */
import type { LogRecord, NewRecord, TopicPartition, TopicPartitionOffset } from '../core/index.ts'
import type { LogWire } from './log-wire.ts'

export interface TopicSpec {
  readonly name: string
  /** 1 to 1,000, default 1. */
  readonly partitions?: number
  readonly config?: Partial<TopicConfig>
}

export interface TopicConfig {
  /** `delete` drops old segments by retention, `compact` keeps the last record of each key. Default `delete`. */
  readonly cleanup: 'delete' | 'compact'
  /** Records older than this may go; −1 (default) is for ever. Milliseconds, by record timestamp. */
  readonly retentionMs: number
  /** Oldest segments go above this size of a partition; −1 (default) is no bound. Bytes. */
  readonly retentionBytes: number
  /** A segment is closed at this size. Default 128 MiB. */
  readonly segmentBytes: number
  /** How long a tombstone stays readable after compaction. Default 24 h, milliseconds. */
  readonly tombstoneMs: number
}

export interface PartitionInfo {
  readonly partition: number
  /** Offset of the first record that is still there. */
  readonly earliest: number
  /** Offset that the next record will get: one after the last durable record. */
  readonly end: number
  readonly bytes: number
  readonly segments: number
  /** On a cluster: who has the partition, by broker ids. Absent where one process keeps everything. */
  readonly placement?: PartitionPlacement
}

export interface PartitionPlacement {
  /** −1 while there is none. */
  readonly leader: number
  readonly replicas: readonly number[]
  readonly inSync: readonly number[]
}

export interface TopicInfo {
  readonly name: string
  /** On a cluster: of this topic alone. One of the same name that is made later has another. */
  readonly id?: string
  readonly config: TopicConfig
  readonly partitions: readonly PartitionInfo[]
}

/** Where one record landed, in the order of the `append` call's records. */
export interface Appended {
  readonly partition: number
  readonly offset: number
}

export interface ReadOptions {
  /** Stop before this offset. Default: the end at the time of the call. */
  readonly to?: number
  /** Wait for new records at the end instead of finishing; ends with the signal. Excludes `to`. */
  readonly follow?: boolean
  /** Most bytes held for one batch, default 1 MiB; one record more than that still comes alone. */
  readonly maxBytes?: number
  readonly signal?: AbortSignal
}

/** Adjacent records of one partition, ascending offsets, at least one. */
export interface RecordBatch {
  readonly topic: string
  readonly partition: number
  readonly records: readonly LogRecord[]
}

export interface ConsumerOptions {
  readonly group: string
  readonly topics: readonly string[]
  /** Where a group without a committed offset begins. */
  readonly from: 'earliest' | 'latest'
  /**
   * Called before partitions go to another member: finish and commit what is under way. After 60 s they go all the same,
   * and a later commit fails with LOG_FENCED.
   */
  readonly onRevoked?: (partitions: readonly TopicPartition[]) => Promise<void>
  readonly onAssigned?: (partitions: readonly TopicPartition[]) => Promise<void>
}

/** One member of a consumer group. Offsets move only by `commitOffsets`; nothing is committed behind the caller's back. */
export interface Consumer {
  readonly group: string
  readonly memberId: string
  assignment(): readonly TopicPartition[]
  /**
   * The next records of the assigned partitions, at most `maxRecords` (default 500); waits up to `timeoutMs`
   * (default 1,000) when there is none and then answers with an empty list, as it does when the signal says stop.
   * Throws LOG_CORRUPT, which names `nextOffset`: `seek` there to go on; other partitions go on by themselves. On a cluster
   * LOG_TRUNCATED, which names in `from` where the log has other records than those that were read.
   */
  poll(options?: {
    maxRecords?: number
    timeoutMs?: number
    signal?: AbortSignal
  }): Promise<readonly LogRecord[]>
  /** Offset of the next record that `poll` will return for the partition. */
  position(partition: TopicPartition): number
  seek(to: TopicPartitionOffset): void
  /** Durable when it resolves. `offset` is the next record to read. Throws LOG_FENCED (L6). */
  commitOffsets(offsets: readonly TopicPartitionOffset[]): Promise<void>
  /** Leaves the group, without `onRevoked`: whoever closes has finished. Idempotent; safe within the callbacks. */
  close(): Promise<void>
}

export interface GroupMember {
  readonly memberId: string
  /** What the client calls itself, and where it is; absent for members of this process. */
  readonly clientId?: string
  readonly host?: string
  readonly assignment: readonly TopicPartition[]
}

export interface GroupInfo {
  readonly group: string
  readonly members: readonly GroupMember[]
  readonly offsets: readonly {
    readonly topic: string
    readonly partition: number
    readonly committed: number
    readonly end: number
    readonly lag: number
  }[]
}

/** What a log that is kept on a cluster knows of it. */
export interface LogCluster {
  /** Addresses, for messages. */
  readonly at: string
  /** Part of the names of own topics and groups there, so that apps can share a cluster; empty: they have short names. */
  readonly applicationId: string
  /** In sentences: why appends to these topics would not be acknowledged now. Answers after `timeoutMs` at the latest. */
  faults(topics: readonly string[], timeoutMs: number): Promise<readonly string[]>
  /** In sentences: what L1 does not cover there with these topics, and the remedy. */
  shortcomings(topics: readonly string[]): Promise<readonly string[]>
}

export interface Log {
  /** Absent when the log is kept in its own folder. */
  readonly cluster?: LogCluster
  /** Throws LOG_TOPIC_EXISTS when a topic of that name exists with other partitions or config; equal ones are fine. */
  createTopic(spec: TopicSpec): Promise<TopicInfo>
  deleteTopic(name: string): Promise<void>
  /**
   * Gives a topic more partitions, `partitions` in all (L13); members of groups get their share when they hear of it. Equal
   * keys may go to another partition from then on. Throws CORE_INVALID_INPUT unless there are more than before and at most
   * 1,000, LOG_UNKNOWN_TOPIC.
   */
  addPartitions(name: string, partitions: number): Promise<TopicInfo>
  topics(): Promise<readonly TopicInfo[]>
  /** Throws LOG_UNKNOWN_TOPIC. */
  topic(name: string): Promise<TopicInfo>
  /**
   * Resolves when every record is durable (L1). Partial failure rejects; records of partitions that were written stay.
   * `details.isStored` of an error is false when surely none of the records is stored.
   * Throws LOG_RECORD_TOO_LARGE, LOG_UNKNOWN_TOPIC, LOG_UNKNOWN_PARTITION, LOG_STORAGE_FULL, LOG_STORAGE_FAILED.
   */
  append(topic: string, records: readonly NewRecord[]): Promise<readonly Appended[]>
  /**
   * Throws LOG_OFFSET_OUT_OF_RANGE when `from` is below the earliest or above the end offset, and LOG_CORRUPT (L8), whose
   * `details.nextOffset` is where reading can go on. Keys and values are views of a shared buffer: copy what is kept long.
   */
  read(
    topic: string,
    partition: number,
    from: number,
    options?: ReadOptions,
  ): AsyncIterable<RecordBatch>
  /** The first offset whose record has a timestamp ≥ `timestampMs`; the end offset when there is none. */
  offsetForTime(topic: string, partition: number, timestampMs: number): Promise<number>
  consumer(options: ConsumerOptions): Promise<Consumer>
  groups(): Promise<readonly GroupInfo[]>
  /** Sets a group's committed offsets. Throws LOG_GROUP_ACTIVE while it has members. */
  resetGroup(group: string, offsets: readonly TopicPartitionOffset[]): Promise<void>
  deleteGroup(group: string): Promise<void>
  /**
   * Names the first offset that `holder` (a sink, a backup) still needs; retention keeps it and everything after it.
   * Held in memory: a holder says it again after a start, before retention runs. On a cluster retention does not ask; there
   * everything about a held topic fails with LOG_TOPIC_REPLACED once others have deleted it and made it again, and reading it
   * beyond what its log lost with LOG_TRUNCATED.
   */
  hold(holder: string, position: TopicPartitionOffset): void
  /** For a server of the Kafka protocol in front of this log; absent in a driver that is a client of one. */
  readonly wire?: LogWire
  /** Applies retention and compaction now. Runs by itself every few minutes. */
  clean(): Promise<void>
  close(): Promise<void>
}

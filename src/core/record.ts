/**
 * The words for data on its way: an *event* is what a client sends, a *record* is that event once it is in the log.
 * The fields are those of Apache Kafka.
 */

export interface RecordHeader {
  readonly key: string
  readonly value: Uint8Array | null
}

/** What a producer hands to the log. The log keeps key, value, headers and timestamp byte for byte. */
export interface NewRecord {
  readonly key: Uint8Array | null
  /** `null` is a tombstone: under compaction it deletes the key. */
  readonly value: Uint8Array | null
  readonly headers: readonly RecordHeader[]
  /** Create time, milliseconds since the Unix epoch. Data only: it never orders anything. */
  readonly timestamp: number
  /** Chosen by the log from the key (murmur2, as the Java client does) when absent. */
  readonly partition?: number
}

/** A record at its place in the log. Offsets are safe integers: decisions/0003. */
export interface LogRecord extends NewRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** A position of a consumer: the offset of the next record to read. */
export interface TopicPartitionOffset extends TopicPartition {
  readonly offset: number
}

/** A run of offsets of one partition, both ends included. */
export interface OffsetRange {
  readonly partition: number
  readonly first: number
  readonly last: number
}

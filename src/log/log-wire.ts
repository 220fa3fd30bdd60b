/**
 * What a log offers to a server of the Kafka protocol, beside `Log` itself: record batches in and out as stored bytes, and
 * groups whose members are not in this process. A driver that is itself a client of a broker has none of it.
 *
 * Guarantees, each held by a test of the same number in `log-wire.conformance.ts`; L1 to L8 hold for these records too:
 * - **W1 bytes**: a batch that was appended is read back byte for byte, apart from base offset, leader epoch and a
 *   maxTimestamp that was wrong; compressed batches too, and `Log.read` returns their records.
 * - **W2 checked**: a batch that a reader could not read is refused and changes nothing.
 * - **W3 once**: a batch of an idempotent producer that is sent again is not stored again, also after a restart; one that
 *   skips a sequence is refused.
 * - **W4 one kind of member**: a group has members in this process or claimed ones, never both; offsets are shared.
 */
import type { TopicPartition } from '../core/index.ts'
import type { GroupMember } from './log.ts'

/** Why a batch was refused: `details.fault` of LOG_INVALID_BATCH. */
export type BatchFault =
  | 'checksum'
  | 'compression'
  | 'keyless'
  | 'malformed'
  | 'old-format'
  | 'timestamp'
  | 'too-large'
  | 'transactional'

export interface StoredAt {
  readonly baseOffset: number
  /** Offset of the first record that is still in the partition. */
  readonly earliest: number
  /** How many records the batch has. */
  readonly records: number
  /** True when the batch was there already: its producer had sent it before. */
  readonly isDuplicate: boolean
}

export interface PartitionRange {
  readonly earliest: number
  readonly end: number
  readonly bytes: number
}

/** Adjacent whole batches as they are stored. */
export interface StoredBatches {
  /** The only view of its memory, which is the caller's. */
  readonly bytes: Uint8Array
  /** One for each compression codec in them, by Kafka's numbers; 0 is none. */
  readonly codecs: ReadonlySet<number>
  /** Offset after the last of them; where reading began when there is none. */
  readonly nextOffset: number
}

/** Reads one partition; remembers its place, so reading on is cheap. One read at a time. */
export interface BatchReader {
  /**
   * Whole batches from the one that holds `from` on, at most `maxBytes`, or one that is larger when `evenLarger`. Empty at
   * the end. Throws LOG_OFFSET_OUT_OF_RANGE, LOG_CORRUPT, LOG_STORAGE_FAILED.
   */
  read(from: number, maxBytes: number, evenLarger: boolean): Promise<StoredBatches>
  /**
   * Begins to read what the next `read` will probably ask for, and keeps it until then or until `forget`. Says nothing of
   * failures: the `read` does. `into` is memory for it, if it is large enough, and must not be used before that `read`.
   */
  prepare(from: number, maxBytes: number, into?: Uint8Array): void
  forget(): void
}

export interface GroupOffset extends TopicPartition {
  readonly offset: number
  /** What the client wants to find beside its offset. */
  readonly metadata: string
}

export interface LogWire {
  /** A UUID that no other topic of the log has or had. Throws LOG_UNKNOWN_TOPIC. */
  topicId(topic: string): string
  /** Throws LOG_UNKNOWN_TOPIC, LOG_UNKNOWN_PARTITION. */
  range(topic: string, partition: number): PartitionRange
  /**
   * Takes the one batch in `bytes`, which must not be used afterwards; resolves when it is durable. Batches that one call
   * after the other hands over for a partition are stored in that order.
   * Throws LOG_INVALID_BATCH, LOG_OUT_OF_SEQUENCE, LOG_PRODUCER_FENCED and what `Log.append` throws.
   */
  appendBatch(
    topic: string,
    partition: number,
    bytes: Uint8Array,
    maxBatchBytes: number,
  ): Promise<StoredAt>
  batchReader(topic: string, partition: number): BatchReader
  /** Calls `run` whenever the partition's end has moved or it was closed; the returned function ends that. */
  onEnd(topic: string, partition: number, run: () => void): () => void
  /**
   * Takes a group for members of another kind, which `members` tells; until it is released no consumer of this process can
   * join it. Throws LOG_GROUP_ACTIVE while it has such consumers.
   */
  claimGroup(group: string, members: () => readonly GroupMember[]): { release(): void }
  /** Durable when it resolves. Checks no ownership: that is the claimer's. Throws LOG_GROUP_ACTIVE as `claimGroup`. */
  commitGroupOffsets(group: string, offsets: readonly GroupOffset[]): Promise<void>
  groupOffsets(group: string): readonly GroupOffset[]
}

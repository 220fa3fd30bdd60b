/**
 * Which partition a record goes to, by Kafka's rules: the one it names, else by its key (as the Java client's default
 * partitioner), else the one that records without a key stick to for a while.
 */
import type { NewRecord } from '../core/index.ts'
import { murmur2 } from '../kernels/index.ts'

/** Partition of a key: `(murmur2(key) & 0x7fffffff) % partitions` (`Utils.toPositive`, `BuiltInPartitioner`). */
export const partitionOfKey = (key: Uint8Array, partitions: number): number =>
  (murmur2(key) & 0x7fff_ffff) % partitions

/** Bytes without a key that stay together before the next partition has its turn (KIP-794: the batch size, 16 KiB). */
const STICKY_BYTES = 16 * 1024
/** Weight of a record without its value, so that empty ones move on too. */
const RECORD_OVERHEAD_BYTES = 32

export interface Partitioner {
  /** The partition of the record, not checked against the count when the record names it. */
  partitionOf(record: NewRecord): number
}

/** A partitioner of one topic. Records without a key go round the partitions in turn, STICKY_BYTES at a time. */
export function createPartitioner(partitions: number): Partitioner {
  let current = 0
  let left = STICKY_BYTES
  return {
    partitionOf({ partition, key, value }) {
      if (partition !== undefined) return partition
      if (partitions === 1) return 0
      if (key !== null) return partitionOfKey(key, partitions)
      if (left <= 0) {
        current = (current + 1) % partitions
        left = STICKY_BYTES
      }
      left -= RECORD_OVERHEAD_BYTES + (value?.length ?? 0)
      return current
    },
  }
}

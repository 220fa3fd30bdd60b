/** Offset ranges of one batch: pure arithmetic over partitions and offsets. */
import type { OffsetRange } from '../core/index.ts'

/** Per partition, the offset of the next record that belongs to a batch. */
export type Positions = ReadonlyMap<number, number>

/**
 * Ranges up to the last offset of each partition that start where the batch before ended, so that offsets which compaction or retention
 * took away leave no hole between two batches.
 */
export function rangesOf(start: Positions, last: ReadonlyMap<number, number>): OffsetRange[] {
  return [...last]
    .toSorted(([a], [b]) => a - b)
    .map(([partition, offset]) => ({
      partition,
      first: start.get(partition) ?? 0,
      last: offset,
    }))
}

/** The positions after the ranges. */
export function advance(positions: Positions, ranges: readonly OffsetRange[]): Map<number, number> {
  const next = new Map(positions)
  for (const { partition, last } of ranges) {
    next.set(partition, Math.max(next.get(partition) ?? 0, last + 1))
  }
  return next
}

/** True when every partition has reached its target. */
export function hasReached(positions: Positions, targets: Positions): boolean {
  return [...targets].every(([partition, target]) => (positions.get(partition) ?? 0) >= target)
}

/** How many records lie between the two, at most: offsets that are gone count too. */
export function distance(from: Positions, to: Positions): number {
  let total = 0
  for (const [partition, target] of to) total += Math.max(0, target - (from.get(partition) ?? 0))
  return total
}

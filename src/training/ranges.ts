/** Offset ranges of several batches, as few ranges as possible. */
import type { OffsetRange } from '../core/index.ts'

/** Sorted by partition and offset, adjacent and overlapping ranges joined. */
export function mergeRanges(ranges: readonly OffsetRange[]): OffsetRange[] {
  const sorted = [...ranges].toSorted((a, b) => a.partition - b.partition || a.first - b.first)
  const merged: { partition: number; first: number; last: number }[] = []
  for (const range of sorted) {
    const before = merged.at(-1)
    if (before?.partition === range.partition && range.first <= before.last + 1) {
      before.last = Math.max(before.last, range.last)
    } else merged.push({ ...range })
  }
  return merged
}

/** Whether a record lies in one of a few merged ranges. */
export function rangeMatcher(
  ranges: readonly OffsetRange[],
): (partition: number, offset: number) => boolean {
  const merged = mergeRanges(ranges)
  return (partition, offset) =>
    merged.some(
      (range) => range.partition === partition && range.first <= offset && offset <= range.last,
    )
}

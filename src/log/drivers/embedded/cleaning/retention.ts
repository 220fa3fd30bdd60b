/**
 * Retention: whole segments go, from the start only. A segment goes when all its records are too old, or when the
 * partition is too large without it, and never while a holder still needs one of its records.
 */
import type { TopicConfig } from '../../../log.ts'
import type { PartitionLog } from '../partition/partition-log.ts'
import type { Segment } from '../partition/segment.ts'

/** @param neededFrom first offset that a holder still needs, Infinity without one. */
export async function applyRetention(
  log: PartitionLog,
  config: TopicConfig,
  nowMs: number,
  neededFrom: number,
): Promise<void> {
  const { retentionMs, retentionBytes } = config
  if (retentionMs < 0 && retentionBytes < 0) return
  const isOld = async (segment: Segment): Promise<boolean> =>
    retentionMs >= 0 && (await segment.index()).maxTimestamp < nowMs - retentionMs
  const last = log.segments.at(-1)!
  // The last segment can only go after it was closed.
  if (last.hasBatches && last.endOffset <= neededFrom && (await isOld(last))) await log.seal()

  let sizeBytes = log.sizeBytes
  let count = 0
  for (const segment of log.segments.slice(0, -1)) {
    if (segment.endOffset > neededFrom) break
    const isTooMuch = retentionBytes >= 0 && sizeBytes > retentionBytes
    if (!isTooMuch && !(await isOld(segment))) break
    sizeBytes -= segment.sizeBytes
    count++
  }
  // With none as well: a removal that could not be synced before is made durable.
  await log.removeFirst(count)
}

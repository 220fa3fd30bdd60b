/** The first offset of a time. Timestamps need not ascend: the indexes' running maxima say where to look. */
import type { PartitionLog } from './partition-log.ts'
import { PartitionReader } from './partition-reader.ts'

const FETCH_BYTES = 256 * 1024

/** The first offset whose record has a timestamp ≥ `timestampMs`; the end offset when there is none. */
export async function offsetForTime(log: PartitionLog, timestampMs: number): Promise<number> {
  const end = log.end
  const reader = new PartitionReader(log)
  for (const segment of log.segments) {
    const index = await segment.index()
    if (index.maxTimestamp < timestampMs) continue
    let offset = Math.max(index.beforeTime(timestampMs)?.offset ?? segment.base, log.earliest)
    const segmentEnd = Math.min(segment.endOffset, end)
    while (offset < segmentEnd) {
      const { records, nextOffset } = await reader.read(offset, segmentEnd, FETCH_BYTES)
      const found = records.find((record) => record.timestamp >= timestampMs)
      if (found !== undefined) return found.offset
      offset = nextOffset
    }
  }
  return end
}

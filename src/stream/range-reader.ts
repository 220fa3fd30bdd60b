/** Reads the records of offset ranges back from the log. */
import type { LogRecord, Logger, OffsetRange } from '../core/index.ts'
import type { Log } from '../log/index.ts'

/**
 * The records of the ranges that are still there, by partition and offset. What retention has removed is named in the
 * log: a rebuild starts at the earliest offset (design D3).
 */
export async function* readRanges(
  log: Log,
  topic: string,
  ranges: readonly OffsetRange[],
  logger: Logger,
): AsyncGenerator<readonly LogRecord[]> {
  const info = await log.topic(topic)
  for (const { partition, first, last } of ranges.toSorted((a, b) => a.partition - b.partition)) {
    const bounds = info.partitions[partition]
    const earliest = bounds?.earliest ?? 0
    const from = Math.max(first, earliest)
    if (earliest > first) {
      logger.warn(
        { topic, partition, first, last, earliest },
        'records of a batch are gone from the log by retention: the table is rebuilt without them',
      )
    }
    const to = Math.min(last + 1, bounds?.end ?? 0)
    if (from >= to) continue
    for await (const { records } of log.read(topic, partition, from, { to })) {
      yield records
    }
  }
}

/** `Log.read`: a partition as an async sequence of batches, to the end or following it. */
import type { ReadOptions, RecordBatch } from '../../log.ts'
import type { PartitionLog } from './partition/partition-log.ts'
import { PartitionReader } from './partition/partition-reader.ts'

const DEFAULT_MAX_BYTES = 1024 * 1024
/** Decoded at once: few enough objects to be gone before the garbage collector comes by. */
const PIECE_BYTES = 64 * 1024

export async function* readPartition(
  log: PartitionLog,
  from: number,
  options: ReadOptions,
): AsyncGenerator<RecordBatch> {
  const { follow = false, maxBytes = DEFAULT_MAX_BYTES, signal } = options
  const { topic, partition } = log.options
  const reader = new PartitionReader(log)
  const until = Math.min(options.to ?? Infinity, log.end)
  let offset = from
  // Says at once when the first offset is not there, also when there is nothing to read.
  reader.checkOffset(from)
  for (;;) {
    const end = follow ? log.end : until
    while (offset < end) {
      if (signal?.aborted === true) break
      const piece = Math.min(maxBytes, PIECE_BYTES)
      const { records, nextOffset } = await reader.read(offset, end, piece, maxBytes)
      offset = nextOffset
      if (records.length > 0) yield { topic, partition, records }
      if (log.closed !== undefined) throw log.closed
    }
    if (signal?.aborted === true) {
      if (follow) return
      throw signal.reason as Error
    }
    if (log.broken !== undefined && (options.to ?? Infinity) > log.end) throw log.broken
    if (!follow) return
    await moved(log, offset, signal)
    if (log.closed !== undefined) throw log.closed
  }
}

/** Resolves when the end has moved beyond `offset`, the partition was closed or the signal says stop. */
function moved(log: PartitionLog, offset: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stopListening()
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const stopListening = log.onEnd(done)
    signal?.addEventListener('abort', done, { once: true })
    if (log.end > offset || log.closed !== undefined || signal?.aborted === true) done()
  })
}

/**
 * Reads a partition forwards: whole batches, each verified, never beyond the durable end. Keeps its place, so that
 * reading on needs no look-up.
 */
import { isMillraceError, type LogRecord } from '../../../../core/index.ts'
import { logError } from '../../../errors.ts'
import { decodeBatch } from '../format/batch-decoder.ts'
import {
  BATCH_HEADER_BYTES,
  batchSize,
  checksumHolds,
  MAX_BATCH_BYTES,
  readBatchHeader,
  type BatchHeader,
} from '../format/batch-header.ts'
import { corrupt } from './corruption.ts'
import type { PartitionLog } from './partition-log.ts'
import type { Segment } from './segment.ts'
import { readFully, type StorageFile } from '../storage.ts'

/** Stored batches as they lie on disk. */
export interface FetchedBatches {
  readonly file: string
  /** Where `bytes` begin in the file. */
  readonly position: number
  readonly bytes: Uint8Array
  readonly batches: readonly { readonly at: number; readonly header: BatchHeader }[]
  /** Offset after the last of them. */
  readonly nextOffset: number
}

interface Place {
  readonly segment: Segment
  /** Undefined: where the first batch of the segment begins. */
  readonly position: number | undefined
  readonly offset: number
}

/** Least that one read asks of the disk: looking up an offset may begin an index interval (32 KiB) before it. */
const MIN_READ_BYTES = 64 * 1024
/** Records that one read returns, decompressed: up to this and one batch more. */
const MAX_READ_RECORDS_BYTES = 16 * 1024 * 1024

export class PartitionReader {
  readonly #log: PartitionLog
  #place: Place | undefined

  constructor(log: PartitionLog) {
    this.#log = log
  }

  /**
   * Records from offset `from` on and below `to`, of about `maxBytes` of batches; empty at the end. `nextOffset` is where
   * to go on. Throws LOG_OFFSET_OUT_OF_RANGE, LOG_CORRUPT.
   */
  async read(
    from: number,
    to: number,
    maxBytes: number,
  ): Promise<{ records: LogRecord[]; nextOffset: number }> {
    const records: LogRecord[] = []
    const { topic, partition } = this.#log.options
    let nextOffset = from
    // Compaction may leave batches without any record that is asked for: go on until there is one, or the end.
    while (records.length === 0 && nextOffset < to) {
      const fetched = await this.fetch(nextOffset, maxBytes)
      if (fetched.batches.length === 0) break
      nextOffset = fetched.nextOffset
      let recordsBytes = 0
      for (const { at, header } of fetched.batches) {
        if (recordsBytes >= MAX_READ_RECORDS_BYTES) {
          // Few compressed bytes can be many records: the rest is read when these are used up.
          nextOffset = header.baseOffset
          this.#place = undefined
          break
        }
        try {
          const target = { topic, partition, from, to }
          recordsBytes += decodeBatch(fetched.bytes, at, header, target, records)
        } catch (error) {
          const place = { file: fetched.file, position: fetched.position + at, topic, partition }
          const offsets = { offset: header.baseOffset, nextOffset: header.lastOffset + 1 }
          throw corrupt({ ...place, ...offsets }, (error as Error).message)
        }
      }
    }
    return { records, nextOffset: Math.min(nextOffset, to) }
  }

  /** Throws LOG_OFFSET_OUT_OF_RANGE unless reading can begin at `offset`. */
  checkOffset(offset: number): void {
    const { earliest, end, broken } = this.#log
    if (broken !== undefined && offset > end) throw broken
    if (Number.isSafeInteger(offset) && offset >= earliest && offset <= end) return
    throw outOfRange(this.#log, offset)
  }

  /** The stored batches from the one that holds `from` on. Throws LOG_OFFSET_OUT_OF_RANGE, LOG_CORRUPT. */
  async fetch(from: number, maxBytes: number): Promise<FetchedBatches> {
    for (;;) {
      const log = this.#log
      if (log.closed !== undefined) throw log.closed
      this.checkOffset(from)
      if (from === log.end && log.broken !== undefined) throw log.broken
      if (from === log.end) return nothing(from)
      const segment = log.segmentOf(from)
      try {
        const fetched = await this.#fetchFrom(segment, from, maxBytes)
        if (!segment.isRetired) return fetched
      } catch (error) {
        if (!segment.isRetired && log.closed === undefined) {
          if (isMillraceError(error)) throw error
          throw readFailed(segment, error)
        }
      }
      // The segment was removed or replaced under the read, whatever the read found: look again.
      this.#place = undefined
      await log.settled().catch((error: unknown) => {
        throw readFailed(segment, error)
      })
    }
  }

  async #fetchFrom(segment: Segment, from: number, maxBytes: number): Promise<FetchedBatches> {
    let place = await this.#find(segment, from)
    const limit = segment.sizeBytes
    const endOffset = segment.endOffset
    const want = Math.max(maxBytes, MIN_READ_BYTES)
    return segment.use(async (file) => {
      for (;;) {
        const position = place.position ?? segment.start
        const bytes = await readBatches(file, position, limit, want)
        const { batches, consumed, nextOffset } = walkBatches(bytes, place.offset, from, endOffset)
        // Nothing to step over and nothing to take: what begins here is no batch.
        if (consumed === 0) throw await this.#damageAt({ ...place, position })
        place = { segment, position: position + consumed, offset: nextOffset }
        if (batches.length === 0) continue
        this.#place = place
        return { file: segment.path, position, bytes, batches, nextOffset }
      }
    })
  }

  async #find(segment: Segment, from: number): Promise<Place> {
    const place = this.#place
    if (place !== undefined && place.segment === segment && place.offset === from) return place
    const entry = (await segment.index()).before(from)
    return { segment, ...(entry ?? { position: undefined, offset: segment.base }) }
  }

  /** The error for a place where no batch could be read, after a scan that finds where reading can go on. */
  async #damageAt({ segment, position = segment.start, offset }: Place): Promise<Error> {
    const next = (await segment.rescan()).after(offset)
    const nextOffset = next?.offset ?? segment.endOffset
    const { topic, partition } = this.#log.options
    const damage = { file: segment.path, position, topic, partition, offset, nextOffset }
    return corrupt(damage, 'no valid record batch begins there')
  }
}

/** Reads from `position`, at least the whole batch that begins there when it ends before `limit`. */
async function readBatches(
  file: StorageFile,
  position: number,
  limit: number,
  wantBytes: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(Math.max(0, Math.min(wantBytes, limit - position)))
  const count = await readFully(file, bytes, position)
  const read = bytes.subarray(0, count)
  if (count < BATCH_HEADER_BYTES) return read
  const size = batchSize(read, 0)
  if (size <= count || size > limit - position || size > MAX_BATCH_BYTES) return read
  const larger = new Uint8Array(size)
  return larger.subarray(0, await readFully(file, larger, position))
}

interface Walk {
  readonly batches: { readonly at: number; readonly header: BatchHeader }[]
  readonly consumed: number
  readonly nextOffset: number
}

/** Goes over adjacent batches from offset `at` on, as long as they are whole and valid; those below `from` are only stepped over. */
function walkBatches(bytes: Uint8Array, at: number, from: number, endOffset: number): Walk {
  const batches: Walk['batches'] = []
  let consumed = 0
  let nextOffset = at
  while (nextOffset < endOffset) {
    const header = readBatchHeader(bytes, consumed)
    if (header === undefined || header.baseOffset !== nextOffset) break
    if (consumed + header.sizeBytes > bytes.length) break
    if (header.lastOffset >= from) {
      if (!checksumHolds(bytes, consumed, header.sizeBytes)) break
      batches.push({ at: consumed, header })
    }
    consumed += header.sizeBytes
    nextOffset = header.lastOffset + 1
  }
  return { batches, consumed, nextOffset }
}

const nothing = (nextOffset: number): FetchedBatches => ({
  file: '',
  position: 0,
  bytes: new Uint8Array(0),
  batches: [],
  nextOffset,
})

function outOfRange({ options, earliest, end }: PartitionLog, offset: number): Error {
  const { topic, partition } = options
  return logError(
    'LOG_OFFSET_OUT_OF_RANGE',
    `offset ${offset} is not in topic "${topic}", partition ${partition}: ask for ${earliest} to ${end}`,
    { details: { topic, partition, offset, earliest, end } },
  )
}

function readFailed(segment: Segment, cause: unknown): Error {
  return logError('LOG_STORAGE_FAILED', `could not read ${segment.path}: check the disk`, {
    cause,
    details: { file: segment.path },
  })
}

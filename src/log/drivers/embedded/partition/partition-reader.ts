/**
 * Reads a partition forwards: whole batches, each verified, never beyond the durable end. Keeps its place, so that
 * reading on needs no look-up.
 */
import { isMillraceError, type LogRecord } from '../../../../core/index.ts'
import { logError } from '../../../errors.ts'
import { BatchDecoder } from '../format/batch-decoder.ts'
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

/** Batches that were fetched and are not decoded to their end. */
interface Rest {
  readonly fetched: FetchedBatches
  /** The batch that is next, or being decoded. */
  step: number
  decoder: BatchDecoder | undefined
  nextOffset: number
}

export class PartitionReader {
  readonly #log: PartitionLog
  #place: Place | undefined
  #rest: Rest | undefined

  constructor(log: PartitionLog) {
    this.#log = log
  }

  /**
   * Records from offset `from` on and below `to`, at most `maxBytes` of them, or one; empty at the end. `nextOffset` is where
   * to go on: what was fetched beyond it, `fetchBytes` at a time, is kept for that.
   * Throws LOG_OFFSET_OUT_OF_RANGE, LOG_CORRUPT.
   */
  async read(
    from: number,
    to: number,
    maxBytes: number,
    fetchBytes = maxBytes,
  ): Promise<{ records: LogRecord[]; nextOffset: number }> {
    const records: LogRecord[] = []
    let nextOffset = from
    // Compaction may leave batches without any record that is asked for: go on until there is one, or the end.
    while (records.length === 0 && nextOffset < to) {
      const rest = await this.#restFrom(nextOffset, fetchBytes)
      if (rest === undefined) break
      this.#decode(rest, { from: nextOffset, to }, maxBytes, records)
      nextOffset = rest.nextOffset
    }
    return { records, nextOffset: Math.min(nextOffset, to) }
  }

  /** What is at hand at `from`, else fetched there; undefined at the end. */
  async #restFrom(from: number, fetchBytes: number): Promise<Rest | undefined> {
    if (this.#log.closed !== undefined) throw this.#log.closed
    if (this.#rest?.nextOffset !== from) {
      this.#rest = undefined
      const fetched = await this.fetch(from, fetchBytes)
      if (fetched.batches.length === 0) return undefined
      this.#rest = { fetched, step: 0, decoder: undefined, nextOffset: from }
    }
    return this.#rest
  }

  #decode(
    rest: Rest,
    range: { readonly from: number; readonly to: number },
    maxBytes: number,
    records: LogRecord[],
  ): void {
    const { topic, partition } = this.#log.options
    const { fetched } = rest
    let weight = 0
    while (weight < maxBytes && rest.nextOffset < range.to) {
      const { at, header } = fetched.batches[rest.step]!
      try {
        rest.decoder ??= new BatchDecoder(fetched.bytes, at, header)
        weight += rest.decoder.take({ topic, partition, ...range }, maxBytes - weight, records)
      } catch (error) {
        this.#rest = undefined
        const place = { file: fetched.file, position: fetched.position + at, topic, partition }
        const offsets = { offset: header.baseOffset, nextOffset: header.lastOffset + 1 }
        throw corrupt({ ...place, ...offsets }, (error as Error).message)
      }
      rest.nextOffset = rest.decoder.nextOffset
      if (!rest.decoder.isDone) return
      rest.decoder = undefined
      if (++rest.step === fetched.batches.length) {
        this.#rest = undefined
        return
      }
    }
  }

  /** Throws LOG_OFFSET_OUT_OF_RANGE unless reading can begin at `offset`. */
  checkOffset(offset: number): void {
    const { earliest, end, broken } = this.#log
    if (broken !== undefined && offset > end) throw broken
    if (Number.isSafeInteger(offset) && offset >= earliest && offset <= end) return
    throw outOfRange(this.#log, offset)
  }

  /** Throws why nothing can be read at `offset`. */
  check(offset: number): void {
    if (this.#log.closed !== undefined) throw this.#log.closed
    this.checkOffset(offset)
  }

  /**
   * The stored batches from the one that holds `from` on; read into `into` if that is large enough.
   * Throws LOG_OFFSET_OUT_OF_RANGE, LOG_CORRUPT.
   */
  async fetch(from: number, maxBytes: number, into?: Uint8Array): Promise<FetchedBatches> {
    for (;;) {
      const log = this.#log
      this.check(from)
      if (from === log.end && log.broken !== undefined) throw log.broken
      if (from === log.end) return nothing(from)
      const segment = log.segmentOf(from)
      try {
        const fetched = await this.#fetchFrom(segment, from, maxBytes, into)
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

  async #fetchFrom(
    segment: Segment,
    from: number,
    maxBytes: number,
    into: Uint8Array | undefined,
  ): Promise<FetchedBatches> {
    let place = await this.#find(segment, from)
    const limit = segment.sizeBytes
    const endOffset = segment.endOffset
    const want = Math.max(maxBytes, MIN_READ_BYTES)
    const memory = into !== undefined && into.length >= want ? into : undefined
    return segment.use(async (file) => {
      for (;;) {
        const position = place.position ?? segment.start
        const bytes = await readBatches(file, position, limit, want, memory)
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
  memory: Uint8Array | undefined,
): Promise<Uint8Array> {
  const length = Math.max(0, Math.min(wantBytes, limit - position))
  const bytes = memory?.subarray(0, length) ?? new Uint8Array(length)
  const count = await readFully(file, bytes, position)
  const read = bytes.subarray(0, count)
  if (count < BATCH_HEADER_BYTES) return read
  const size = batchSize(read, 0)
  if (size <= count || size > limit - position || size > MAX_BATCH_BYTES) return read
  const larger = new Uint8Array(size)
  larger.set(read)
  const rest = await readFully(file, larger.subarray(count), position + count)
  return larger.subarray(0, count + rest)
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

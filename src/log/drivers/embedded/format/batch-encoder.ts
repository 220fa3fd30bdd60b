/**
 * Collects records into one record batch, straight into a buffer that is used again for the next batch. Offsets and
 * timestamps are deltas, so a record is encoded the moment it arrives, before its offset is known.
 */
import type { NewRecord, RecordHeader } from '../../../../core/index.ts'
import { BATCH_HEADER_BYTES, writeBaseOffset, writeBatchHeader } from './batch-header.ts'
import { varintSize, varlongSize, writeVarint, writeVarlong } from './varint.ts'

/** Below this a loop copies faster than `TypedArray.set`, whose call costs about 50 ns. */
const SHORT_COPY_BYTES = 24
const INITIAL_BYTES = 16 * 1024
/** Bytes of a record's length, at most. */
const MAX_LENGTH_BYTES = 5
/** A producer uses a handful of header names; the bound keeps a hostile one from filling memory. */
const MAX_CACHED_KEYS = 1_000

/** What a batch without records has as its maximum (RecordBatch.NO_TIMESTAMP). */
const NO_TIMESTAMP = -1

/** Timestamps within ± this have differences that are exact as a varlong: the year 73,000. */
export const MAX_TIMESTAMP_MS = 2 ** 51 - 1

type Encodable = Pick<NewRecord, 'key' | 'value' | 'headers' | 'timestamp'>

const utf8 = new TextEncoder()
const headerKeys = new Map<string, Uint8Array>()

const LONE_SURROGATE = /\p{Surrogate}/u

/** The name before at each place of a record: a producer's records have the same ones, and equal texts are compared at once. */
const lastKeys: string[] = []
const lastKeyBytes: Uint8Array[] = []
const MAX_LAST_KEYS = 16

function headerKeyBytes(key: string, place: number): Uint8Array {
  if (lastKeys[place] === key) return lastKeyBytes[place]!
  let bytes = headerKeys.get(key)
  if (bytes === undefined) {
    bytes = utf8.encode(key)
    if (LONE_SURROGATE.test(key)) return bytes
    if (headerKeys.size < MAX_CACHED_KEYS) headerKeys.set(key, bytes)
  }
  if (place < MAX_LAST_KEYS) {
    lastKeys[place] = key
    lastKeyBytes[place] = bytes
  }
  return bytes
}

/** False for a name that UTF-8 cannot write: it has half of a surrogate pair. */
export const isHeaderKey = (key: string, place: number): boolean =>
  lastKeys[place] === key || !LONE_SURROGATE.test(key)

export class BatchEncoder {
  #bytes = new Uint8Array(INITIAL_BYTES)
  #view = new DataView(this.#bytes.buffer)
  #end = BATCH_HEADER_BYTES
  #count = 0
  #baseTimestamp = 0
  #maxTimestamp = NO_TIMESTAMP
  #attributes = 0
  /** Offset delta after the last record; larger than the count where compaction left gaps. */
  #nextDelta = 0

  get sizeBytes(): number {
    return this.#end
  }

  get count(): number {
    return this.#count
  }

  get maxTimestamp(): number {
    return this.#maxTimestamp
  }

  /** Offsets that the batch covers. */
  get span(): number {
    return this.#nextDelta
  }

  reset(): void {
    this.#end = BATCH_HEADER_BYTES
    this.#count = 0
    this.#nextDelta = 0
    this.#attributes = 0
    this.#maxTimestamp = NO_TIMESTAMP
  }

  /** Makes `horizonMs` the base timestamp, with the attribute that says so. Before the first record only. */
  setDeleteHorizon(attributes: number, horizonMs: number): void {
    this.#attributes = attributes
    this.#baseTimestamp = horizonMs
  }

  /** Covers offsets up to `span` from the base, also without records there. */
  extendTo(span: number): void {
    if (span > this.#nextDelta) this.#nextDelta = span
  }

  /** Adds a record at the next offset, or `offsetDelta` after the base. Its timestamp is within ± MAX_TIMESTAMP_MS. */
  add(record: Encodable, offsetDelta: number = this.#nextDelta): void {
    this.addWithin(Infinity, record, offsetDelta)
  }

  /** The same, unless the batch would become larger than `maxBytes`; then false. The first record is taken in any case. */
  addWithin(maxBytes: number, record: Encodable, offsetDelta: number = this.#nextDelta): boolean {
    const { key, value, headers, timestamp } = record
    const base = this.#count === 0 && this.#attributes === 0 ? timestamp : this.#baseTimestamp
    const timestampDelta = timestamp - base
    const body = bodySize(record, timestampDelta, offsetDelta)
    if (this.#count > 0 && this.#end + body + MAX_LENGTH_BYTES > maxBytes) return false
    this.#baseTimestamp = base
    this.#reserve(body + MAX_LENGTH_BYTES)

    const bytes = this.#bytes
    let at = writeVarint(bytes, this.#end, body)
    bytes[at++] = 0
    at = writeVarlong(bytes, at, timestampDelta)
    at = writeVarint(bytes, at, offsetDelta)
    at = writeBytes(bytes, at, key)
    at = writeBytes(bytes, at, value)
    at = writeVarint(bytes, at, headers.length)
    for (let index = 0; index < headers.length; index++) {
      const header = headers[index]!
      at = writeBytes(bytes, at, headerKeyBytes(header.key, index))
      at = writeBytes(bytes, at, header.value)
    }
    this.#end = at
    if (this.#count === 0 || timestamp > this.#maxTimestamp) this.#maxTimestamp = timestamp
    this.#count++
    this.#nextDelta = offsetDelta + 1
    return true
  }

  /** The finished batch at `baseOffset`: a view of the buffer, good until `reset`. */
  finish(baseOffset: number): Uint8Array {
    writeBaseOffset(this.#view, baseOffset)
    writeBatchHeader(this.#view, {
      sizeBytes: this.#end,
      attributes: this.#attributes,
      lastOffsetDelta: this.#nextDelta - 1,
      baseTimestamp: this.#baseTimestamp,
      maxTimestamp: this.#maxTimestamp,
      recordCount: this.#count,
    })
    return this.#bytes.subarray(0, this.#end)
  }

  #reserve(more: number): void {
    const needed = this.#end + more
    if (needed <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
    larger.set(this.#bytes.subarray(0, this.#end))
    this.#bytes = larger
    this.#view = new DataView(larger.buffer)
  }
}

/** Bytes of a record in a batch, at most: what limits and pacing count with. */
export function recordSize(record: Encodable): number {
  let size = 21 + (record.key?.length ?? 0) + (record.value?.length ?? 0)
  const { headers } = record
  for (let index = 0; index < headers.length; index++) {
    const { key, value } = headers[index]!
    size += 10 + headerKeyBytes(key, index).length + (value?.length ?? 0)
  }
  return size
}

function bodySize(record: Encodable, timestampDelta: number, offsetDelta: number): number {
  const { headers } = record
  let size =
    1 +
    varlongSize(timestampDelta) +
    varintSize(offsetDelta) +
    fieldSize(record.key) +
    fieldSize(record.value) +
    varintSize(headers.length)
  for (let index = 0; index < headers.length; index++) {
    const header: RecordHeader = headers[index]!
    size += fieldSize(headerKeyBytes(header.key, index)) + fieldSize(header.value)
  }
  return size
}

const fieldSize = (field: Uint8Array | null): number =>
  field === null ? 1 : varintSize(field.length) + field.length

function writeBytes(target: Uint8Array, at: number, field: Uint8Array | null): number {
  if (field === null) return writeVarint(target, at, -1)
  const length = field.length
  const start = writeVarint(target, at, length)
  if (length < SHORT_COPY_BYTES) {
    for (let index = 0; index < length; index++) target[start + index] = field[index]!
  } else target.set(field, start)
  return start + length
}

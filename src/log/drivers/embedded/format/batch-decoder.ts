/** Records out of a record batch whose checksum was verified. Keys and values are views of the given bytes, no copies. */
import type { LogRecord, RecordHeader } from '../../../../core/index.ts'
import { decompress } from './compression/decompress.ts'
import {
  BATCH_HEADER_BYTES,
  COMPRESSION_MASK,
  MAX_RECORDS_BYTES,
  type BatchHeader,
} from './batch-header.ts'
import { VarintReader } from './varint.ts'

export interface DecodeTarget {
  readonly topic: string
  readonly partition: number
  /** Only offsets in [from, to) are taken. */
  readonly from: number
  readonly to: number
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
const NO_HEADERS: readonly RecordHeader[] = []
/** What a record weighs beside its bytes, so that a reader does not hold any number of empty ones. */
const RECORD_OVERHEAD_BYTES = 32

/**
 * Decodes a batch piece by piece: a reader that takes a hundred kilobytes at a time makes objects that are gone before the
 * garbage collector comes by; tens of thousands at once it has to copy.
 */
export class BatchDecoder {
  readonly #header: BatchHeader
  readonly #reader: VarintReader
  readonly #headerReader: HeaderReader
  #taken = 0
  /** Offset after what was taken or stepped over. */
  nextOffset: number

  constructor(bytes: Uint8Array, at: number, header: BatchHeader) {
    this.#header = header
    this.#reader = recordsOf(bytes, at, header)
    this.#headerReader = new HeaderReader(this.#reader.bytes)
    this.nextOffset = header.baseOffset
  }

  get isDone(): boolean {
    return this.#taken === this.#header.recordCount
  }

  /**
   * Appends records to `into` as long as `into` has none or they weigh at most `maxBytes`; returns the weight of those that
   * it appended. Throws RangeError when the content is not what the header says.
   */
  take(target: DecodeTarget, maxBytes: number, into: LogRecord[]): number {
    const { topic, partition, from, to } = target
    const { baseOffset, baseTimestamp, recordCount, lastOffset } = this.#header
    const reader = this.#reader
    let weight = 0
    for (; this.#taken < recordCount; this.#taken++) {
      const start = reader.at
      const length = reader.varint()
      const end = reader.at + length
      if (length < 0 || end > reader.end) throw new RangeError('a record ends after its batch')
      const isTooMuch = weight + length + RECORD_OVERHEAD_BYTES > maxBytes && into.length > 0
      reader.at++
      const timestamp = baseTimestamp + reader.varlong()
      const offset = baseOffset + reader.varint()
      if (offset < from) {
        reader.at = end
        continue
      }
      if (isTooMuch || offset >= to) {
        reader.at = start
        this.nextOffset = Math.min(offset, to)
        return weight
      }
      const key = field(reader)
      const value = field(reader)
      const headers = readHeaders(reader, this.#headerReader)
      if (reader.at !== end) throw new RangeError('a record is not as long as it says')
      into.push({ topic, partition, offset, timestamp, key, value, headers })
      weight += length + RECORD_OVERHEAD_BYTES
    }
    if (reader.at !== reader.end) throw new RangeError('bytes follow the last record of a batch')
    this.nextOffset = lastOffset + 1
    return weight
  }
}

/** Appends all records of a batch with offsets of the target. Throws RangeError as `BatchDecoder.take`. */
export function decodeBatch(
  bytes: Uint8Array,
  at: number,
  header: BatchHeader,
  target: DecodeTarget,
  into: LogRecord[],
): void {
  new BatchDecoder(bytes, at, header).take(target, Infinity, into)
}

/** The batch's records, decompressed if need be. */
function recordsOf(bytes: Uint8Array, at: number, header: BatchHeader): VarintReader {
  const start = at + BATCH_HEADER_BYTES
  const end = at + header.sizeBytes
  const codec = header.attributes & COMPRESSION_MASK
  if (codec === 0) return new VarintReader(bytes, start, end)
  const records = decompress(codec, bytes.subarray(start, end), MAX_RECORDS_BYTES)
  return new VarintReader(records, 0, records.length)
}

function field(reader: VarintReader): Uint8Array | null {
  const length = reader.varint()
  return length < 0 ? null : reader.take(length)
}

function readHeaders(reader: VarintReader, each: HeaderReader): readonly RecordHeader[] {
  const count = reader.varint()
  if (count === 0) return NO_HEADERS
  if (count < 0) throw new RangeError('a record has a negative count of headers')
  const headers: RecordHeader[] = []
  for (let index = 0; index < count; index++) headers.push(each.read(reader, index))
  return headers
}

/**
 * Records of a batch mostly repeat the names of their headers, and some values: what was made for the record before is used
 * again, so that tens of thousands of records do not hold as many copies of their source.
 */
class HeaderReader {
  readonly #bytes: Uint8Array
  readonly #keyStarts: number[] = []
  readonly #keyLengths: number[] = []
  readonly #valueStarts: number[] = []
  readonly #headers: RecordHeader[] = []

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** Header `index` of the next record. */
  read(reader: VarintReader, index: number): RecordHeader {
    const keyLength = reader.varint()
    const keyStart = reader.at
    if (keyLength < 0 || keyStart + keyLength > reader.end) {
      throw new RangeError('a header ends too early')
    }
    reader.at = keyStart + keyLength
    const valueLength = reader.varint()
    const valueStart = reader.at
    const last = this.#headers[index]
    const isKnown =
      last !== undefined &&
      this.#keyLengths[index] === keyLength &&
      this.#same(this.#keyStarts[index]!, keyStart, keyLength)
    this.#keyStarts[index] = keyStart
    if (isKnown && this.#hasValue(last, index, valueStart, valueLength, reader.end)) {
      reader.at = valueStart + Math.max(0, valueLength)
      return last
    }
    const key = isKnown
      ? last.key
      : utf8.decode(this.#bytes.subarray(keyStart, keyStart + keyLength))
    const header = { key, value: valueLength < 0 ? null : reader.take(valueLength) }
    this.#keyLengths[index] = keyLength
    this.#valueStarts[index] = valueStart
    this.#headers[index] = header
    return header
  }

  #hasValue(
    { value }: RecordHeader,
    index: number,
    start: number,
    length: number,
    end: number,
  ): boolean {
    if (value === null || length < 0) return value === null && length < 0
    return (
      value.length === length &&
      start + length <= end &&
      this.#same(this.#valueStarts[index]!, start, length)
    )
  }

  #same(a: number, b: number, length: number): boolean {
    const bytes = this.#bytes
    // From the end: what differs, as counters and times do, differs there.
    for (let index = length - 1; index >= 0; index--) {
      if (bytes[a + index] !== bytes[b + index]) return false
    }
    return true
  }
}

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

/**
 * Appends the batch's records to `into`; returns how many bytes all its records have, decompressed.
 * Throws RangeError when the content is not what the header says.
 */
export function decodeBatch(
  bytes: Uint8Array,
  at: number,
  header: BatchHeader,
  target: DecodeTarget,
  into: LogRecord[],
): number {
  const { topic, partition, from, to } = target
  const { baseOffset, baseTimestamp, recordCount } = header
  const reader = recordsOf(bytes, at, header)
  const sizeBytes = reader.end - reader.at
  const keys = new HeaderKeys(reader.bytes)
  for (let index = 0; index < recordCount; index++) {
    const length = reader.varint()
    const end = reader.at + length
    if (length < 0 || end > reader.end) throw new RangeError('a record ends after its batch')
    reader.at++
    const timestamp = baseTimestamp + reader.varlong()
    const offset = baseOffset + reader.varint()
    if (offset < from) {
      reader.at = end
      continue
    }
    if (offset >= to) return sizeBytes
    const key = field(reader)
    const value = field(reader)
    const headers = readHeaders(reader, keys)
    if (reader.at !== end) throw new RangeError('a record is not as long as it says')
    into.push({ topic, partition, offset, timestamp, key, value, headers })
  }
  if (reader.at !== reader.end) throw new RangeError('bytes follow the last record of a batch')
  return sizeBytes
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

function readHeaders(reader: VarintReader, keys: HeaderKeys): readonly RecordHeader[] {
  const count = reader.varint()
  if (count === 0) return NO_HEADERS
  if (count < 0) throw new RangeError('a record has a negative count of headers')
  const headers: RecordHeader[] = []
  for (let index = 0; index < count; index++) {
    const length = reader.varint()
    const start = reader.at
    if (length < 0 || start + length > reader.end) throw new RangeError('a header ends too early')
    reader.at = start + length
    const key = keys.text(index, start, length)
    headers.push({ key, value: field(reader) })
  }
  return headers
}

/** Records of a batch mostly repeat their header names: the text made for the record before is used again. */
class HeaderKeys {
  readonly #bytes: Uint8Array
  readonly #starts: number[] = []
  readonly #lengths: number[] = []
  readonly #texts: string[] = []

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  text(index: number, start: number, length: number): string {
    if (this.#lengths[index] === length && this.#same(this.#starts[index]!, start, length)) {
      return this.#texts[index]!
    }
    const text = utf8.decode(this.#bytes.subarray(start, start + length))
    this.#starts[index] = start
    this.#lengths[index] = length
    this.#texts[index] = text
    return text
  }

  #same(a: number, b: number, length: number): boolean {
    const bytes = this.#bytes
    for (let index = 0; index < length; index++) {
      if (bytes[a + index] !== bytes[b + index]) return false
    }
    return true
  }
}

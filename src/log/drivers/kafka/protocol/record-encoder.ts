/**
 * Record batches, format v2 (https://kafka.apache.org/documentation/#recordbatch), as a producer sends them.
 *
 * Records are encoded in two steps. What does not depend on the batch (key, value, headers) is written when `append` is
 * called, which also copies the caller's buffers; lengths and deltas are added when the batch is cut.
 */
import { compressionsAlgorithms } from '@platformatic/kafka'
import type { NewRecord } from '../../../../core/index.ts'
import { crc32c } from '../../../../kernels/index.ts'
import { varintSize, writeVarint } from './varint.ts'

export const BATCH_HEADER_BYTES = 61
const CRC_AT = 17
const ATTRIBUTES_AT = 21
const CODEC = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const
export type Compression = keyof typeof CODEC

/** A record without what depends on its batch. */
export interface EncodedRecord {
  /** From the key's length to the last header. */
  readonly body: Uint8Array
  readonly timestamp: number
}

export interface ProducerPlace {
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly sequence: number
}

const sizeOf = (bytes: Uint8Array | null): number =>
  bytes === null ? 1 : varintSize(bytes.length) + bytes.length

/** Bytes of key, value and headers in a batch. */
export function bodySize({ key, value, headers }: NewRecord): number {
  let size = sizeOf(key) + sizeOf(value) + varintSize(headers.length)
  for (const header of headers) {
    const name = Buffer.byteLength(header.key)
    size += varintSize(name) + name + sizeOf(header.value)
  }
  return size
}

/** Copies the records. */
export function encodeRecords(records: readonly NewRecord[]): EncodedRecord[] {
  const sizes = records.map(bodySize)
  const all = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + size, 0))
  let at = 0
  return records.map(({ key, value, headers, timestamp }, index) => {
    const start = at
    at = writeBytes(all, at, key)
    at = writeBytes(all, at, value)
    at = writeVarint(all, at, headers.length)
    for (const header of headers) {
      const name = Buffer.byteLength(header.key)
      at = writeVarint(all, at, name)
      at += all.write(header.key, at, name, 'utf8')
      at = writeBytes(all, at, header.value)
    }
    return { body: all.subarray(start, start + sizes[index]!), timestamp }
  })
}

function writeBytes(target: Uint8Array, at: number, bytes: Uint8Array | null): number {
  if (bytes === null) return writeVarint(target, at, -1)
  const start = writeVarint(target, at, bytes.length)
  target.set(bytes, start)
  return start + bytes.length
}

/** Bytes that a record takes at `index` of a batch that began at `baseTimestamp`. */
export function recordSize(
  { body, timestamp }: EncodedRecord,
  index: number,
  baseTimestamp: number,
): number {
  const size = 1 + varintSize(timestamp - baseTimestamp) + varintSize(index) + body.length
  return varintSize(size) + size
}

/** One batch of at least one record, at offset 0: the broker sets the offset, which the checksum leaves out. */
export function encodeBatch(
  records: readonly EncodedRecord[],
  place: ProducerPlace,
  compression: Compression,
): Buffer {
  const base = records[0]!.timestamp
  let size = 0
  for (const [index, record] of records.entries()) size += recordSize(record, index, base)
  let batch = Buffer.allocUnsafe(BATCH_HEADER_BYTES + size)
  let at = BATCH_HEADER_BYTES
  let newest = base
  for (const [index, { body, timestamp }] of records.entries()) {
    const delta = timestamp - base
    at = writeVarint(batch, at, 1 + varintSize(delta) + varintSize(index) + body.length)
    batch[at++] = 0
    at = writeVarint(batch, at, delta)
    at = writeVarint(batch, at, index)
    batch.set(body, at)
    at += body.length
    newest = Math.max(newest, timestamp)
  }
  if (compression !== 'none') {
    const packed = compressionsAlgorithms[compression].compressSync(
      batch.subarray(BATCH_HEADER_BYTES),
    )
    batch = Buffer.concat([batch.subarray(0, BATCH_HEADER_BYTES), packed])
  }
  batch.writeBigInt64BE(0n, 0)
  batch.writeInt32BE(batch.length - 12, 8)
  batch.writeInt32BE(-1, 12)
  batch.writeInt8(2, 16)
  batch.writeInt16BE(CODEC[compression], ATTRIBUTES_AT)
  batch.writeInt32BE(records.length - 1, 23)
  batch.writeBigInt64BE(BigInt(base), 27)
  batch.writeBigInt64BE(BigInt(newest), 35)
  batch.writeBigInt64BE(place.producerId, 43)
  batch.writeInt16BE(place.producerEpoch, 51)
  batch.writeInt32BE(place.sequence, 53)
  batch.writeInt32BE(records.length, 57)
  batch.writeUInt32BE(crc32c(batch.subarray(ATTRIBUTES_AT)), CRC_AT)
  return batch
}

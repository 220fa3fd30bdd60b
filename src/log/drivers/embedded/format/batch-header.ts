/**
 * The header of a record batch, format v2 (Apache Kafka documentation, "Message format", "Record Batch"):
 *
 * ```
 *  0 baseOffset int64      16 magic int8 = 2        27 baseTimestamp int64     51 producerEpoch int16
 *  8 batchLength int32     17 crc uint32            35 maxTimestamp int64      53 baseSequence int32
 * 12 leaderEpoch int32     21 attributes int16      43 producerId int64        57 record count int32
 *                          23 lastOffsetDelta int32                            61 records …
 * ```
 *
 * batchLength counts from byte 12. The CRC-32C covers everything from `attributes` on. The bytes before are covered by
 * rules of ours, so that every flipped bit is found: batches of a segment are adjacent (baseOffset is one more than the
 * last offset before it), leaderEpoch is 0, magic is 2, and a wrong length makes a wrong checksum.
 */
import { crc32c } from '../../../../kernels/index.ts'

export const BATCH_HEADER_BYTES = 61
/** Bytes before the part that batchLength counts. */
export const LENGTH_PREFIX_BYTES = 12
export const MAGIC = 2
export const CRC_FROM = 21

/** Attribute bits 0–2: compression. We never compress, but store what Kafka clients compressed. */
export const COMPRESSION_MASK = 0x07
/** Attribute bit 6: baseTimestamp is the time from which tombstones of this batch may go (KIP-534). */
export const HAS_DELETE_HORIZON = 0x40

/** Larger than any batch that we write: a record of the limit and its headers. Bounds what a damaged length can cost. */
export const MAX_BATCH_BYTES = 256 * 1024 * 1024

/** The records of a compressed batch, decompressed: 32 × the default limit of a record. Bounds what a reader holds. */
export const MAX_RECORDS_BYTES = 32 * 1024 * 1024

export interface BatchHeader {
  readonly baseOffset: number
  /** Bytes of the whole batch. */
  readonly sizeBytes: number
  readonly attributes: number
  readonly lastOffset: number
  readonly baseTimestamp: number
  readonly maxTimestamp: number
  readonly recordCount: number
}

/** Bytes of the batch that begins at `at`; needs LENGTH_PREFIX_BYTES there. */
export const batchSize = (bytes: Uint8Array, at: number): number =>
  readInt32(bytes, at + 8) + LENGTH_PREFIX_BYTES

/** The header at `at`, or undefined when its fields cannot be those of a batch of ours. Checks no checksum. */
export function readBatchHeader(bytes: Uint8Array, at: number): BatchHeader | undefined {
  if (at + BATCH_HEADER_BYTES > bytes.length) return undefined
  const sizeBytes = batchSize(bytes, at)
  if (sizeBytes < BATCH_HEADER_BYTES || sizeBytes > MAX_BATCH_BYTES) return undefined
  if (bytes[at + 16] !== MAGIC || readInt32(bytes, at + 12) !== 0) return undefined
  const baseOffset = readInt64(bytes, at)
  const lastOffsetDelta = readInt32(bytes, at + 23)
  if (baseOffset < 0 || lastOffsetDelta < 0) return undefined
  return {
    baseOffset,
    sizeBytes,
    attributes: (bytes[at + 21]! << 8) | bytes[at + 22]!,
    lastOffset: baseOffset + lastOffsetDelta,
    baseTimestamp: readInt64(bytes, at + 27),
    maxTimestamp: readInt64(bytes, at + 35),
    recordCount: readInt32(bytes, at + 57),
  }
}

/** True when the stored checksum is that of the batch's bytes, which must all be there. */
export const checksumHolds = (bytes: Uint8Array, at: number, sizeBytes: number): boolean =>
  crc32c(bytes, at + CRC_FROM, at + sizeBytes) === readInt32(bytes, at + 17) >>> 0

/** Fills the header of a finished batch, checksum included. Records lie from BATCH_HEADER_BYTES to `sizeBytes`. */
export function writeBatchHeader(
  view: DataView<ArrayBuffer>,
  header: Omit<BatchHeader, 'baseOffset' | 'lastOffset'> & { readonly lastOffsetDelta: number },
): void {
  view.setInt32(8, header.sizeBytes - LENGTH_PREFIX_BYTES)
  view.setInt32(12, 0)
  view.setInt8(16, MAGIC)
  view.setInt16(21, header.attributes)
  view.setInt32(23, header.lastOffsetDelta)
  view.setBigInt64(27, BigInt(header.baseTimestamp))
  view.setBigInt64(35, BigInt(header.maxTimestamp))
  view.setBigInt64(43, -1n)
  view.setInt16(51, -1)
  view.setInt32(53, -1)
  view.setInt32(57, header.recordCount)
  const bytes = new Uint8Array(view.buffer, view.byteOffset, header.sizeBytes)
  view.setUint32(17, crc32c(bytes, CRC_FROM, header.sizeBytes))
}

/** The base offset is not under the checksum: it is given when the batch's turn to be stored comes. */
export function writeBaseOffset(view: DataView<ArrayBuffer>, baseOffset: number): void {
  view.setBigInt64(0, BigInt(baseOffset))
}

export const readInt32 = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!

/** Exact within ± 2^53; offsets and timestamps of ours are. */
export const readInt64 = (bytes: Uint8Array, at: number): number =>
  readInt32(bytes, at) * 0x1_0000_0000 + (readInt32(bytes, at + 4) >>> 0)

/**
 * The first 64 bytes of a segment file say whose segment it is, so that a file in the wrong place is found: swapped,
 * renamed, copied, or written to by a disk that missed its mark. Batches know their offsets, not their topic.
 *
 * ```
 *  0 89 'M' 'S' 'E' 'G' 0d 0a 1a     12 partition uint32     24 topic id, ASCII, padded with zeros
 *  8 version uint16 = 1, zero uint16  16 base offset int64    60 CRC-32C of bytes 0 to 59
 * ```
 *
 * Big endian, as the batches behind it. The first byte makes a batch's base offset negative, so no batch looks like a
 * header; a header has no 2 at byte 16, so it looks like no batch.
 *
 * Segments of format 1 have no header: there, batches begin at byte 0.
 */
import { crc32c } from '../../../../kernels/index.ts'
import { readBatchHeader, BATCH_HEADER_BYTES } from './batch-header.ts'

export const SEGMENT_HEADER_BYTES = 64
/** What has to be read of a file to judge its beginning: a header and the header of the batch behind it. */
export const BEGINNING_BYTES = SEGMENT_HEADER_BYTES + BATCH_HEADER_BYTES

const MAGIC = [0x89, 0x4d, 0x53, 0x45, 0x47, 0x0d, 0x0a, 0x1a]
const VERSION = 1
const NAME_AT = 12
const ID_AT = 24
const CRC_AT = 60
/** Ids are UUIDs in text: 36 characters. */
const MAX_ID_LENGTH = CRC_AT - ID_AT
/** Another segment's header differs in more: in its id, partition or base, and in most bytes of its checksum. */
const MAX_FLIPPED_BITS = 2

export interface SegmentIdentity {
  readonly topicId: string
  readonly partition: number
  readonly base: number
}

/**
 * `ours`: batches begin behind the header. `unnamed`: a segment of format 1, batches begin at byte 0. `damaged`: the header
 * fails its checksum, and what is left of it is ours. `foreign`: somebody else's, or it cannot be known: `what` says whose.
 */
export type Beginning =
  | { readonly kind: 'ours' | 'unnamed' | 'damaged'; readonly start: number }
  | { readonly kind: 'foreign'; readonly what: string }

export function encodeSegmentHeader({ topicId, partition, base }: SegmentIdentity): Uint8Array {
  const id = new TextEncoder().encode(topicId)
  if (id.length > MAX_ID_LENGTH) {
    throw new RangeError(`topic id "${topicId}" has ${id.length} bytes: at most ${MAX_ID_LENGTH}`)
  }
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES)
  const view = new DataView(bytes.buffer)
  bytes.set(MAGIC)
  view.setUint16(8, VERSION)
  view.setUint32(NAME_AT, partition)
  view.setBigInt64(16, BigInt(base))
  bytes.set(id, ID_AT)
  view.setUint32(CRC_AT, crc32c(bytes, 0, CRC_AT))
  return bytes
}

/**
 * Judges the beginning of a file that should be the segment `expected`: `bytes` are its first BEGINNING_BYTES, or all of
 * it. `mayBeUnnamed`: it may be a segment of format 1.
 */
export function judgeBeginning(
  bytes: Uint8Array<ArrayBuffer>,
  expected: SegmentIdentity,
  mayBeUnnamed: boolean,
): Beginning {
  const found = readSegmentHeader(bytes)
  if (found !== undefined) {
    const { topicId, partition, base, version } = found
    if (version !== VERSION) {
      return { kind: 'foreign', what: `its header has version ${version}, not ${VERSION}` }
    }
    const isOurs =
      topicId === expected.topicId && partition === expected.partition && base === expected.base
    if (isOurs) return { kind: 'ours', start: SEGMENT_HEADER_BYTES }
    return { kind: 'foreign', what: `it is the segment of ${nameOf(found)}` }
  }
  const hasMagic = MAGIC.every((byte, at) => bytes[at] === byte)
  const behind = readBatchHeader(bytes, SEGMENT_HEADER_BYTES)?.baseOffset
  if (mayBeUnnamed && !hasMagic && behind !== expected.base) return { kind: 'unnamed', start: 0 }
  if (isRestOf(bytes, expected)) return { kind: 'damaged', start: SEGMENT_HEADER_BYTES }
  if (readBatchHeader(bytes, 0) !== undefined) {
    return { kind: 'foreign', what: 'it has no header, as segments of an older log' }
  }
  return { kind: 'foreign', what: 'its header is another one, or damaged beyond knowing' }
}

/**
 * Whether a header that fails its checksum is what is left of this segment's own: all that tells segments apart, or parts of it
 * (zeros or nothing elsewhere, as a crash tears it) with a bit or two flipped.
 */
function isRestOf(bytes: Uint8Array, expected: SegmentIdentity): boolean {
  const ours = encodeSegmentHeader(expected)
  const isNamed = ours.every((byte, at) => at < NAME_AT || at >= CRC_AT || bytes[at] === byte)
  const left = ours.map((byte, at) => (bytes[at] ?? 0) || byte)
  return isNamed || flippedBits(left, ours) <= MAX_FLIPPED_BITS
}

/** How many bits of the header `ours` are others in `bytes`. */
function flippedBits(bytes: Uint8Array, ours: Uint8Array): number {
  let count = 0
  for (const [at, byte] of ours.entries()) {
    for (let bits = (bytes[at] ?? 0) ^ byte; bits !== 0; bits &= bits - 1) count++
  }
  return count
}

export const nameOf = ({ topicId, partition, base }: SegmentIdentity): string =>
  `topic id ${topicId}, partition ${partition}, from offset ${base} on`

/** What a whole header says, or undefined. */
function readSegmentHeader(
  bytes: Uint8Array<ArrayBuffer>,
): (SegmentIdentity & { readonly version: number }) | undefined {
  if (bytes.length < SEGMENT_HEADER_BYTES) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (MAGIC.some((byte, at) => bytes[at] !== byte)) return undefined
  if (view.getUint32(CRC_AT) !== crc32c(bytes, 0, CRC_AT)) return undefined
  const id = bytes.subarray(ID_AT, CRC_AT)
  const end = id.indexOf(0)
  return {
    version: view.getUint16(8),
    partition: view.getUint32(NAME_AT),
    base: Number(view.getBigInt64(16)),
    topicId: new TextDecoder().decode(end < 0 ? id : id.subarray(0, end)),
  }
}

/** Four bytes that tell owners apart, for files that lie beside a segment. */
export function headerChecksum(identity: SegmentIdentity): number {
  const bytes = encodeSegmentHeader(identity)
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(CRC_AT)
}

/**
 * Where batches begin in a segment: one entry for about 32 KiB of batches. An entry also holds the largest timestamp of
 * everything before it, which finds the first record of a time although timestamps need not ascend.
 *
 * Stored beside a sealed segment as `<base>.index`: a header of 64 bytes, three float64 a entry, CRC-32C over all of it,
 * little endian. It is a cache: a missing or damaged one, or another segment's, is built again from the segment.
 */
import { crc32c } from '../../../../kernels/index.ts'

/** What a look-up may scan at most, and what an entry costs: 24 bytes for each 32 KiB. */
const ENTRY_EVERY_BYTES = 32 * 1024
const MAGIC = 0x584d494c
const VERSION = 2
const HEADER_BYTES = 64
const ENTRY_BYTES = 24

/** The segment file that an index is of. */
export interface IndexedFile {
  readonly base: number
  readonly endOffset: number
  readonly sizeBytes: number
  /** Tells segments of the same offsets and size apart: the checksum of their header. */
  readonly owner: number
}

export interface IndexEntry {
  readonly offset: number
  readonly position: number
}

export class SparseIndex {
  readonly #offsets: number[] = []
  readonly #positions: number[] = []
  readonly #maxBefore: number[] = []
  /** Largest timestamp of the segment; −Infinity when it has no record. */
  maxTimestamp = -Infinity
  /** True once compaction has gone over the segment. */
  compacted = false
  /** When the first tombstone of the segment may go, milliseconds since the Unix epoch. */
  tombstonesFrom = Infinity

  /** Tells of the batch at `position`; `force` makes an entry in any case (the batch after a hole). */
  add(offset: number, position: number, maxTimestamp: number, force = false): void {
    const last = this.#positions.at(-1)
    if (force || last === undefined || position - last >= ENTRY_EVERY_BYTES) {
      this.#offsets.push(offset)
      this.#positions.push(position)
      this.#maxBefore.push(this.maxTimestamp)
    }
    if (maxTimestamp > this.maxTimestamp) this.maxTimestamp = maxTimestamp
  }

  /** The last entry at or before `offset`. */
  before(offset: number): IndexEntry | undefined {
    return this.#entry(lastBelow(this.#offsets, offset + 1))
  }

  /** The first entry above `offset`. */
  after(offset: number): IndexEntry | undefined {
    return this.#entry(lastBelow(this.#offsets, offset + 1) + 1)
  }

  /** The last entry with only older timestamps before it. */
  beforeTime(timestampMs: number): IndexEntry | undefined {
    return this.#entry(Math.max(0, lastBelow(this.#maxBefore, timestampMs)))
  }

  #entry(at: number): IndexEntry | undefined {
    const offset = this.#offsets[at]
    return offset === undefined ? undefined : { offset, position: this.#positions[at]! }
  }

  encode({ base, endOffset, sizeBytes, owner }: IndexedFile): Uint8Array {
    const count = this.#offsets.length
    const bytes = new Uint8Array(HEADER_BYTES + count * ENTRY_BYTES + 4)
    const view = new DataView(bytes.buffer)
    view.setUint32(0, MAGIC, true)
    view.setUint16(4, VERSION, true)
    view.setUint16(6, this.compacted ? 1 : 0, true)
    view.setFloat64(8, base, true)
    view.setFloat64(16, endOffset, true)
    view.setFloat64(24, sizeBytes, true)
    view.setFloat64(32, this.maxTimestamp, true)
    view.setFloat64(40, this.tombstonesFrom, true)
    view.setFloat64(48, count, true)
    view.setUint32(56, owner, true)
    for (let index = 0; index < count; index++) {
      const at = HEADER_BYTES + index * ENTRY_BYTES
      view.setFloat64(at, this.#offsets[index]!, true)
      view.setFloat64(at + 8, this.#positions[index]!, true)
      view.setFloat64(at + 16, this.#maxBefore[index]!, true)
    }
    view.setUint32(bytes.length - 4, crc32c(bytes, 0, bytes.length - 4), true)
    return bytes
  }

  /** The index of this segment, or undefined when these bytes are not it. */
  static decode(
    bytes: Uint8Array<ArrayBuffer>,
    { base, endOffset, sizeBytes, owner }: IndexedFile,
  ): SparseIndex | undefined {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    if (bytes.length < HEADER_BYTES + 4 || view.getUint32(0, true) !== MAGIC) return undefined
    if (view.getUint32(bytes.length - 4, true) !== crc32c(bytes, 0, bytes.length - 4))
      return undefined
    const count = view.getFloat64(48, true)
    const known =
      view.getUint16(4, true) === VERSION &&
      bytes.length === HEADER_BYTES + count * ENTRY_BYTES + 4 &&
      view.getFloat64(8, true) === base &&
      view.getFloat64(16, true) === endOffset &&
      view.getFloat64(24, true) === sizeBytes &&
      view.getUint32(56, true) === owner
    if (!known) return undefined
    const index = new SparseIndex()
    for (let entry = 0; entry < count; entry++) {
      const at = HEADER_BYTES + entry * ENTRY_BYTES
      index.#offsets.push(view.getFloat64(at, true))
      index.#positions.push(view.getFloat64(at + 8, true))
      index.#maxBefore.push(view.getFloat64(at + 16, true))
    }
    index.maxTimestamp = view.getFloat64(32, true)
    index.tombstonesFrom = view.getFloat64(40, true)
    index.compacted = view.getUint16(6, true) === 1
    return index
  }
}

/** Index of the last value below `limit` in an ascending list, −1 when there is none. */
function lastBelow(values: readonly number[], limit: number): number {
  let low = 0
  let high = values.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (values[middle]! < limit) low = middle + 1
    else high = middle
  }
  return low - 1
}

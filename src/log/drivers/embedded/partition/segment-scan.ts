/**
 * Reads a segment from its first batch to its last byte, verifies every batch, and tells valid batches, holes and a torn tail
 * apart. Recovery of the last segment and the rebuilding of an index are this scan.
 *
 * One write holds one batch, and a batch is written only after the one before it was synced. So a crash can tear only the
 * last batch; a damaged batch with a valid one after it was acknowledged once and is corruption: a *hole*, never cut.
 */
import {
  BATCH_HEADER_BYTES,
  batchSize,
  checksumHolds,
  COMPRESSION_MASK,
  readBatchHeader,
  type BatchHeader,
} from '../format/batch-header.ts'
import { SparseIndex } from '../format/sparse-index.ts'
import { readFully, type StorageFile } from '../storage.ts'
import { VarintReader } from '../format/varint.ts'

/** A damaged run of a segment, and where valid batches go on. */
export interface Hole {
  readonly position: number
  readonly offset: number
  readonly nextPosition: number
  readonly nextOffset: number
}

export interface SegmentScan {
  readonly index: SparseIndex
  /** Bytes up to the end of the last valid batch. */
  readonly sizeBytes: number
  readonly endOffset: number
  /** Where the last valid batch begins. */
  readonly lastPosition: number
  readonly holes: readonly Hole[]
  /**
   * Of a last segment with bytes behind its end in which batches may lie that were acknowledged, and that cannot be told from
   * bytes of a value: an offset that none of them reaches.
   */
  readonly unsureUpTo?: number
}

export interface ScanOptions {
  /** Where the first batch begins. */
  readonly start: number
  readonly base: number
  readonly fileBytes: number
  /** Known for a segment that is not the last: where the next one begins. Batches from there on do not count. */
  readonly endOffset?: number
}

const WINDOW_BYTES = 1024 * 1024

export async function scanSegment(file: StorageFile, options: ScanOptions): Promise<SegmentScan> {
  const { start, base, fileBytes, endOffset = Infinity } = options
  const window = new FileWindow(file, fileBytes)
  const index = new SparseIndex()
  const holes: Hole[] = []
  let position = start
  let lastPosition = start
  let offset = base
  let afterHole = false
  while (position < fileBytes && offset < endOffset) {
    const header = await window.batchAt(position)
    if (header?.baseOffset === offset) {
      const maxTimestamp = header.recordCount === 0 ? -Infinity : header.maxTimestamp
      index.add(offset, position, maxTimestamp, afterHole)
      lastPosition = position
      position += header.sizeBytes
      offset = header.lastOffset + 1
      afterHole = false
      continue
    }
    const rest = await window.rest(position)
    const found = findNextBatch(rest, offset, endOffset)
    if (found === undefined) break
    const next = { nextPosition: position + found.at, nextOffset: found.offset }
    holes.push({ position, offset, ...next })
    position = next.nextPosition
    offset = next.nextOffset
    afterHole = true
  }
  if (endOffset !== Infinity && offset < endOffset) {
    holes.push({ position, offset, nextPosition: fileBytes, nextOffset: endOffset })
    return { index, sizeBytes: fileBytes, endOffset, lastPosition, holes }
  }
  const scan = { index, sizeBytes: position, endOffset: offset, lastPosition, holes }
  if (position >= fileBytes || endOffset !== Infinity) return scan
  return { ...scan, unsureUpTo: behindUnsure(await window.rest(position), offset) }
}

/** The least that a record takes: its length, attributes, two deltas, no key, no value, no headers. */
const MIN_RECORD_BYTES = 7

/**
 * `rest` begins where a batch with the offset `expected` should, and leads to no other one. When its header is left, it is a
 * torn batch, and what lies in it are its values. When it is not, and batches with offsets that can follow lie in `rest`,
 * they may have been acknowledged: an offset behind all of them, at which none of them ends, so that no chain of them can
 * ever count as the rest of a segment that ends there.
 */
function behindUnsure(rest: Uint8Array, expected: number): number | undefined {
  if (readBatchHeader(rest, 0)?.baseOffset === expected) return undefined
  const ends = new Set<number>()
  let last: number | undefined
  for (let at = 1; at + BATCH_HEADER_BYTES <= rest.length; at++) {
    const header = readBatchHeader(rest, at)
    const mostRecords = at / MIN_RECORD_BYTES
    if (header === undefined || header.baseOffset <= expected) continue
    if (header.baseOffset > expected + mostRecords || validBatch(rest, at) === undefined) continue
    ends.add(header.lastOffset + 1)
    const isDense = header.lastOffset - header.baseOffset < header.sizeBytes / MIN_RECORD_BYTES
    if (isDense) last = Math.max(last ?? 0, header.lastOffset)
  }
  if (last === undefined) return undefined
  let upTo = last + 2
  while (ends.has(upTo)) upTo++
  return upTo
}

interface Found {
  readonly at: number
  readonly offset: number
}

/**
 * The first valid batch behind a damaged one, which begins at byte 0 of `rest` and should have had `expected` as its
 * offset. Undefined when there is none, so that the damage is a torn tail.
 *
 * A record's value may contain anything, also bytes that look like a batch. So the place is derived where possible: from
 * the damaged batch's length, or from the lengths of its records. Only when neither leads anywhere are all positions
 * tried, and then only a chain of batches that ends exactly where the file ends counts.
 *
 * A batch within the bytes of the damaged one may be a stranger that a disk wrote over it. One of its two words must be
 * right then: a place before the end that it says is believed only with the offset that comes next.
 */
function findNextBatch(rest: Uint8Array, expected: number, endOffset: number): Found | undefined {
  const at = (position: number | undefined): Found | undefined => {
    const header = position === undefined ? undefined : validBatch(rest, position)
    if (position === undefined || header === undefined) return undefined
    if (header.baseOffset <= expected || header.baseOffset >= endOffset) return undefined
    return { at: position, offset: header.baseOffset }
  }
  const length = rest.length >= BATCH_HEADER_BYTES ? batchSize(rest, 0) : 0
  const derived = length >= BATCH_HEADER_BYTES ? at(length) : undefined
  const found = derived ?? at(endOfRecords(rest))
  if (found !== undefined) return found

  const header = readBatchHeader(rest, 0)
  const damaged = header?.baseOffset === expected ? header : undefined
  if (damaged !== undefined && damaged.sizeBytes >= rest.length) return undefined
  // A segment that another one follows may hide a tail behind its end: believed when nothing fits up to the last byte.
  for (const mayHideTail of endOffset === Infinity ? [false] : [false, true]) {
    for (let position = 1; position + BATCH_HEADER_BYTES <= rest.length; position++) {
      const candidate = at(position)
      if (candidate === undefined || isStranger(candidate, damaged)) continue
      if (chainReachesEnd(rest, position, endOffset, mayHideTail)) return candidate
    }
  }
  return undefined
}

/** Whether both the length and the last offset of a damaged batch at byte 0 speak against what was found behind its begin. */
const isStranger = ({ at, offset }: Found, damaged: BatchHeader | undefined): boolean =>
  damaged !== undefined && at < damaged.sizeBytes && offset !== damaged.lastOffset + 1

/** Where the records of the batch at byte 0 end by their own lengths: right although the batch's length is damaged. */
function endOfRecords(rest: Uint8Array): number | undefined {
  if (rest.length < BATCH_HEADER_BYTES) return undefined
  // Compressed records have no lengths to follow, only bytes that a client chose.
  if ((rest[22]! & COMPRESSION_MASK) !== 0) return undefined
  const count = new DataView(rest.buffer, rest.byteOffset).getInt32(57)
  const reader = new VarintReader(rest, BATCH_HEADER_BYTES, rest.length)
  try {
    for (let record = 0; record < count; record++) {
      const length = reader.varint()
      if (length < 6 || reader.at + length > rest.length) return undefined
      reader.at += length
    }
  } catch {
    return undefined
  }
  return reader.at
}

function chainReachesEnd(
  rest: Uint8Array,
  from: number,
  endOffset: number,
  mayHideTail: boolean,
): boolean {
  let position = from
  let offset: number | undefined
  while (position < rest.length) {
    if (offset === endOffset) return mayHideTail
    const header = validBatch(rest, position)
    if (header === undefined || (offset !== undefined && header.baseOffset !== offset)) return false
    position += header.sizeBytes
    offset = header.lastOffset + 1
    if (offset > endOffset) return false
  }
  return true
}

function validBatch(bytes: Uint8Array, at: number): BatchHeader | undefined {
  const header = readBatchHeader(bytes, at)
  if (header === undefined || at + header.sizeBytes > bytes.length) return undefined
  return checksumHolds(bytes, at, header.sizeBytes) ? header : undefined
}

/** A moving view of a file, so that a scan reads megabytes at a time. */
class FileWindow {
  readonly #file: StorageFile
  readonly #fileBytes: number
  #bytes = new Uint8Array(0)
  #start = 0

  constructor(file: StorageFile, fileBytes: number) {
    this.#file = file
    this.#fileBytes = fileBytes
  }

  /** The verified header of the batch at `position`, or undefined. */
  async batchAt(position: number): Promise<BatchHeader | undefined> {
    if (!(await this.#load(position, BATCH_HEADER_BYTES))) return undefined
    const header = readBatchHeader(this.#bytes, position - this.#start)
    if (header === undefined || !(await this.#load(position, header.sizeBytes))) return undefined
    return checksumHolds(this.#bytes, position - this.#start, header.sizeBytes) ? header : undefined
  }

  async rest(position: number): Promise<Uint8Array> {
    await this.#load(position, this.#fileBytes - position)
    return this.#bytes.subarray(position - this.#start)
  }

  async #load(position: number, length: number): Promise<boolean> {
    if (position + length > this.#fileBytes) return false
    const isLoaded =
      position >= this.#start && position + length <= this.#start + this.#bytes.length
    if (isLoaded) return true
    const size = Math.min(this.#fileBytes - position, Math.max(length, WINDOW_BYTES))
    const bytes = new Uint8Array(size)
    const count = await readFully(this.#file, bytes, position)
    this.#bytes = bytes.subarray(0, count)
    this.#start = position
    return count >= length
  }
}

/** Batches that a disk wrote into another segment's file, of which nothing in the files tells that they are not its own. */
import {
  BATCH_HEADER_BYTES,
  checksumHolds,
  readBatchHeader,
  type BatchHeader,
} from '../../../src/log/drivers/embedded/format/batch-header.ts'
import { SEGMENT_HEADER_BYTES } from '../../../src/log/drivers/embedded/format/segment-header.ts'

/** A segment file as it lies on the disk. */
export interface StoredSegment {
  readonly content: Uint8Array
  readonly base: number
  /** Where the next segment begins; Infinity for the last one. */
  readonly endOffset: number
}

/**
 * Whether the batch at byte `from`, which belongs elsewhere, cannot be told from one of this segment's (SPEC.md, section 4):
 * it is whole, what follows it up to the end fits, and either it lies behind a whole batch or over one whose header is
 * left, with just the offset that comes next there, or over the header itself, with any later offset.
 */
export function passesForOwn({ content, base, endOffset }: StoredSegment, from: number): boolean {
  const stray = wholeBatch(content, from)
  if (stray === undefined || stray.baseOffset >= endOffset) return false
  let [end, next] = [SEGMENT_HEADER_BYTES, base]
  for (let at = end; at < from;) {
    const batch = wholeBatch(content, at)
    if (batch === undefined) {
      at++
      continue
    }
    at += batch.sizeBytes
    // It lies within a batch that is whole, so nobody looks at it.
    if (at > from) return false
    ;[end, next] = [at, batch.lastOffset + 1]
  }
  if (end === from) return stray.baseOffset === next
  if (!fitsToTheEnd(content, from, endOffset)) return false
  const hit = readBatchHeader(content, end)
  const isOverHit = hit?.baseOffset === next && end + hit.sizeBytes > from
  return isOverHit ? stray.baseOffset === hit.lastOffset + 1 : stray.baseOffset > next
}

function fitsToTheEnd(content: Uint8Array, from: number, endOffset: number): boolean {
  let next: number | undefined
  for (let at = from; at < content.length;) {
    const batch = wholeBatch(content, at)
    if (batch === undefined || batch.baseOffset !== (next ?? batch.baseOffset)) return false
    at += batch.sizeBytes
    next = batch.lastOffset + 1
    if (next > endOffset) return false
  }
  return true
}

function wholeBatch(content: Uint8Array, at: number): BatchHeader | undefined {
  if (at + BATCH_HEADER_BYTES > content.length) return undefined
  const header = readBatchHeader(content, at)
  if (header === undefined || at + header.sizeBytes > content.length) return undefined
  return checksumHolds(content, at, header.sizeBytes) ? header : undefined
}

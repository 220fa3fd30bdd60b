/**
 * Compaction: of each key only the last record stays, at its offset. Works on closed segments; the last one is never
 * touched, so a reader of the tail sees every record.
 *
 * A batch without a surviving record goes, and the batch after it covers its offsets (the last one of a segment covers
 * what follows), so batches stay adjacent and a damaged offset is still found. Adjacent segments that became small are
 * merged. The new file takes the old ones' place by `replacement.ts`.
 *
 * A tombstone stays readable for `tombstoneMs` after it was first compacted: the batch then gets that time as its base
 * timestamp, with the attribute that says so (KIP-534), and a later round drops the tombstones of a batch whose time came.
 */
import type { LogRecord } from '../../../../core/index.ts'
import type { TopicConfig } from '../../../log.ts'
import { decodeBatch } from '../format/batch-decoder.ts'
import { BatchEncoder } from '../format/batch-encoder.ts'
import { HAS_DELETE_HORIZON, type BatchHeader } from '../format/batch-header.ts'
import type { PartitionLog } from '../partition/partition-log.ts'
import { PartitionReader, type FetchedBatches } from '../partition/partition-reader.ts'
import { compactedPath, finishReplacement, Replacement } from '../partition/replacement.ts'
import { Segment } from '../partition/segment.ts'
import { encodeSegmentHeader, SEGMENT_HEADER_BYTES } from '../format/segment-header.ts'
import { SparseIndex } from '../format/sparse-index.ts'
import { writeFully, type StorageFile } from '../storage.ts'

const FETCH_BYTES = 1024 * 1024
/** lastOffsetDelta is an int32. */
const MAX_SPAN = 0x7fff_ffff

export async function compactPartition(
  log: PartitionLog,
  config: TopicConfig,
  nowMs: number,
): Promise<void> {
  await log.settled()
  const closed = log.segments.slice(0, -1)
  const indexes = await Promise.all(closed.map((segment) => segment.index()))
  const isDirty = indexes.some((index) => !index.compacted || index.tombstonesFrom <= nowMs)
  if (!isDirty) return
  const latest = await latestOffsets(log)
  const times = { nowMs, tombstoneMs: config.tombstoneMs }
  for (const segment of closed) await compactGroup(log, [segment], latest, times)
  // Now that they are small: merge neighbours.
  const compacted = log.segments.slice(0, closed.length)
  for (const group of groupBySize(compacted, config.segmentBytes)) {
    if (group.length > 1) await compactGroup(log, group, latest, times)
  }
}

/** Adjacent segments whose bytes together make one segment at most. */
function groupBySize(segments: readonly Segment[], segmentBytes: number): Segment[][] {
  const groups: Segment[][] = []
  let bytes = Infinity
  for (const segment of segments) {
    // A segment without records vanishes in a merge: its neighbour covers its offsets.
    const isEmpty = segment.liveIndex.maxTimestamp === -Infinity
    const weight = isEmpty ? 0 : segment.sizeBytes
    if (bytes + weight > segmentBytes) {
      groups.push([])
      bytes = 0
    }
    groups.at(-1)!.push(segment)
    bytes += weight
  }
  return groups
}

/** Of each key the offset of its last durable record. */
async function latestOffsets(log: PartitionLog): Promise<Map<string, number>> {
  const latest = new Map<string, number>()
  const end = log.end
  const reader = new PartitionReader(log)
  for (let offset = log.earliest; offset < end;) {
    const { records, nextOffset } = await reader.read(offset, end, FETCH_BYTES)
    for (const { key, offset } of records) if (key !== null) latest.set(keyText(key), offset)
    offset = nextOffset
  }
  return latest
}

/** One character a byte: exact for any bytes. */
const keyText = (key: Uint8Array): string =>
  Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')

interface Times {
  readonly nowMs: number
  readonly tombstoneMs: number
}

async function compactGroup(
  log: PartitionLog,
  group: readonly Segment[],
  latest: ReadonlyMap<string, number>,
  times: Times,
): Promise<void> {
  const { storage, folder, topicId, partition } = log.options
  const base = group[0]!.base
  const endOffset = group.at(-1)!.endOffset
  const path = compactedPath(folder, base)
  await finishReplacement(storage, folder)
  await storage.syncDir(folder)
  const file = await storage.open(path, 'create')
  let output: CompactedWriter
  try {
    output = new CompactedWriter(file, base)
    await output.begin(encodeSegmentHeader({ topicId, partition, base }))
    await rewrite(log, output, { base, endOffset, latest, times })
    await file.datasync()
  } finally {
    await file.close()
  }
  const { sizeBytes, index } = output
  const state = { start: SEGMENT_HEADER_BYTES, sizeBytes, endOffset, index }
  const compacted = new Segment(log.options, base, state)
  const bases = group.map((segment) => segment.base)
  await log.replaceSegments(group, compacted, new Replacement(storage, folder, bases))
  await compacted.storeIndex()
}

interface RewriteOptions {
  readonly base: number
  readonly endOffset: number
  readonly latest: ReadonlyMap<string, number>
  readonly times: Times
}

async function rewrite(
  log: PartitionLog,
  output: CompactedWriter,
  { base, endOffset, latest, times }: RewriteOptions,
): Promise<void> {
  const { topic, partition } = log.options
  const reader = new PartitionReader(log)
  const whole = { topic, partition, from: base, to: endOffset }
  for (let offset = base; offset < endOffset;) {
    const fetched: FetchedBatches = await reader.fetch(offset, FETCH_BYTES)
    for (const { at, header } of fetched.batches) {
      const records: LogRecord[] = []
      decodeBatch(fetched.bytes, at, header, whole, records)
      const horizon = deleteHorizon(header)
      const kept = records.filter(
        ({ key, value, offset }) =>
          (key === null || latest.get(keyText(key)) === offset) &&
          !(value === null && horizon !== undefined && horizon <= times.nowMs),
      )
      const waits = kept.some(({ value }) => value === null)
      await output.add(kept, waits ? (horizon ?? times.nowMs + times.tombstoneMs) : undefined)
    }
    offset = fetched.nextOffset
  }
  await output.finish(endOffset)
}

const deleteHorizon = ({ attributes, baseTimestamp }: BatchHeader): number | undefined =>
  (attributes & HAS_DELETE_HORIZON) === 0 ? undefined : baseTimestamp

/** Writes surviving batches one behind the other; each begins where the one before it ends. */
class CompactedWriter {
  readonly index = new SparseIndex()
  sizeBytes = 0
  readonly #file: StorageFile
  readonly #encoder = new BatchEncoder()
  /** Base offset of the batch in the encoder. */
  #base: number

  constructor(file: StorageFile, base: number) {
    this.#file = file
    this.#base = base
    this.index.compacted = true
  }

  async begin(header: Uint8Array): Promise<void> {
    await writeFully(this.#file, header, 0)
    this.sizeBytes = header.length
  }

  /** One stored batch's survivors; `horizonMs` when it has one, which its tombstones wait for. */
  async add(records: readonly LogRecord[], horizonMs: number | undefined): Promise<void> {
    const first = records[0]
    if (first === undefined) return
    await this.#flush()
    while (first.offset - this.#base > MAX_SPAN) await this.#cover(this.#base + MAX_SPAN)
    if (horizonMs !== undefined) {
      this.#encoder.setDeleteHorizon(HAS_DELETE_HORIZON, horizonMs)
      this.index.tombstonesFrom = Math.min(this.index.tombstonesFrom, horizonMs)
    }
    for (const record of records) this.#encoder.add(record, record.offset - this.#base)
  }

  /** Covers the offsets up to the end of the segment, with a batch without records if it must be. */
  async finish(endOffset: number): Promise<void> {
    while (endOffset - this.#base > MAX_SPAN) await this.#cover(this.#base + MAX_SPAN)
    await this.#cover(endOffset)
  }

  async #cover(endOffset: number): Promise<void> {
    this.#encoder.extendTo(endOffset - this.#base)
    await this.#flush()
  }

  async #flush(): Promise<void> {
    const encoder = this.#encoder
    if (encoder.span === 0) return
    const bytes = encoder.finish(this.#base)
    await writeFully(this.#file, bytes, this.sizeBytes)
    const maxTimestamp = encoder.count === 0 ? -Infinity : encoder.maxTimestamp
    this.index.add(this.#base, this.sizeBytes, maxTimestamp)
    this.sizeBytes += bytes.length
    this.#base += encoder.span
    encoder.reset()
  }
}

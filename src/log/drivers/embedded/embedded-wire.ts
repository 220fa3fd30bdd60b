/** What the embedded log offers to the broker: `LogWire` over the topics, groups and offsets of the folder. */
import type { GroupOffset, LogWire, PartitionRange, StoredAt } from '../../log-wire.ts'
import type { BatchReader, StoredBatches } from '../../log-wire.ts'
import type { GroupMember } from '../../log.ts'
import type { TopicStore } from './folder/topic-store.ts'
import { COMPRESSION_MASK } from './format/batch-header.ts'
import { checkStoredBatch } from './format/stored-batch.ts'
import type { GroupCoordinator } from './groups/group-coordinator.ts'
import type { GroupOffsets } from './groups/group-offsets.ts'
import { PartitionReader, type FetchedBatches } from './partition/partition-reader.ts'

interface WireOptions {
  readonly topics: TopicStore
  readonly groups: GroupCoordinator
  readonly offsets: GroupOffsets
  /** Largest record value, bytes. */
  readonly recordBytes: number
  /** Throws LOG_CLOSED once the log is closed. */
  readonly refuseClosed: () => void
}

export class EmbeddedWire implements LogWire {
  readonly #options: WireOptions

  constructor(options: WireOptions) {
    this.#options = options
  }

  topicId(topic: string): string {
    this.#options.refuseClosed()
    return this.#options.topics.get(topic).id
  }

  range(topic: string, partition: number): PartitionRange {
    this.#options.refuseClosed()
    const { earliest, end, sizeBytes } = this.#options.topics.partition(topic, partition)
    return { earliest, end, bytes: sizeBytes }
  }

  async appendBatch(
    topic: string,
    partition: number,
    bytes: Uint8Array,
    maxBatchBytes: number,
  ): Promise<StoredAt> {
    const { topics, recordBytes, refuseClosed } = this.#options
    refuseClosed()
    const log = topics.partition(topic, partition)
    const needsKeys = topics.get(topic).config.cleanup === 'compact'
    const rules = { topic, recordBytes, batchBytes: maxBatchBytes, needsKeys }
    const batch = checkStoredBatch(bytes, rules)
    const stored = await log.appendBatch(batch)
    return { ...stored, earliest: log.earliest, records: batch.span }
  }

  batchReader(topic: string, partition: number): BatchReader {
    this.#options.refuseClosed()
    return new StoredReader(new PartitionReader(this.#options.topics.partition(topic, partition)))
  }

  onEnd(topic: string, partition: number, run: () => void): () => void {
    this.#options.refuseClosed()
    return this.#options.topics.partition(topic, partition).onEnd(run)
  }

  claimGroup(group: string, members: () => readonly GroupMember[]): { release(): void } {
    this.#options.refuseClosed()
    return this.#options.groups.claim(group, members)
  }

  async commitGroupOffsets(group: string, offsets: readonly GroupOffset[]): Promise<void> {
    this.#options.refuseClosed()
    await this.#options.groups.commitClaimed(group, offsets)
  }

  groupOffsets(group: string): readonly GroupOffset[] {
    this.#options.refuseClosed()
    return this.#options.offsets.of(group)
  }
}

interface Prepared {
  readonly from: number
  readonly maxBytes: number
  /** Undefined when it failed. */
  readonly fetched: Promise<FetchedBatches | undefined>
}

class StoredReader implements BatchReader {
  readonly #reader: PartitionReader
  #prepared: Prepared | undefined

  constructor(reader: PartitionReader) {
    this.#reader = reader
  }

  prepare(from: number, maxBytes: number, into?: Uint8Array): void {
    if (this.#isPrepared(from, maxBytes)) return
    const fetched = this.#reader.fetch(from, maxBytes, into).catch(() => undefined)
    this.#prepared = { from, maxBytes, fetched }
  }

  forget(): void {
    this.#prepared = undefined
  }

  #isPrepared(from: number, maxBytes: number): boolean {
    return this.#prepared?.from === from && this.#prepared.maxBytes <= maxBytes
  }

  async read(from: number, maxBytes: number, evenLarger: boolean): Promise<StoredBatches> {
    const prepared = this.#isPrepared(from, maxBytes) ? this.#prepared : undefined
    this.#prepared = undefined
    const ready = await prepared?.fetched
    // What is stored never changes, but the partition may have closed, or retention taken its beginning.
    const isUsable = ready !== undefined && ready.batches.length > 0
    if (isUsable) this.#reader.check(from)
    const fetched = isUsable ? ready : await this.#reader.fetch(from, maxBytes)
    return cut(fetched, from, maxBytes, evenLarger)
  }
}

/** As many whole batches as the bound has room for. */
function cut(
  { bytes, batches }: FetchedBatches,
  from: number,
  maxBytes: number,
  evenLarger: boolean,
): StoredBatches {
  const codecs = new Set<number>()
  const start = batches[0]?.at ?? 0
  let end = start
  let nextOffset = from
  for (const { at, header } of batches) {
    const isTooMuch = at + header.sizeBytes - start > maxBytes
    if (isTooMuch && !(evenLarger && at === start)) break
    end = at + header.sizeBytes
    nextOffset = header.lastOffset + 1
    codecs.add(header.attributes & COMPRESSION_MASK)
  }
  return { bytes: bytes.subarray(start, end), codecs, nextOffset }
}

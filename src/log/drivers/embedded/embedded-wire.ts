/** What the embedded log offers to the broker: `LogWire` over the topics, groups and offsets of the folder. */
import type { GroupOffset, LogWire, PartitionRange, StoredAt } from '../../log-wire.ts'
import type { BatchReader, StoredBatches } from '../../log-wire.ts'
import type { GroupMember } from '../../log.ts'
import type { TopicStore } from './folder/topic-store.ts'
import { COMPRESSION_MASK } from './format/batch-header.ts'
import { checkStoredBatch } from './format/stored-batch.ts'
import type { GroupCoordinator } from './groups/group-coordinator.ts'
import type { GroupOffsets } from './groups/group-offsets.ts'
import { PartitionReader } from './partition/partition-reader.ts'

interface WireOptions {
  readonly topics: TopicStore
  readonly groups: GroupCoordinator
  readonly offsets: GroupOffsets
  /** Largest record value, bytes. */
  readonly recordBytes: number
  /** Throws LOG_CLOSED once the log is closed. */
  readonly refuseClosed: () => void
}

const NOTHING: StoredBatches = { bytes: new Uint8Array(0), codecs: new Set() }

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
    const reader = new PartitionReader(this.#options.topics.partition(topic, partition))
    return { read: (from, maxBytes, evenLarger) => readStored(reader, from, maxBytes, evenLarger) }
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

async function readStored(
  reader: PartitionReader,
  from: number,
  maxBytes: number,
  evenLarger: boolean,
): Promise<StoredBatches> {
  const { bytes, batches } = await reader.fetch(from, maxBytes)
  const first = batches[0]
  if (first === undefined) return NOTHING
  const codecs = new Set<number>()
  let end = first.at
  for (const { at, header } of batches) {
    const isTooMuch = at + header.sizeBytes - first.at > maxBytes
    if (isTooMuch && !(evenLarger && at === first.at)) break
    end = at + header.sizeBytes
    codecs.add(header.attributes & COMPRESSION_MASK)
  }
  return { bytes: bytes.subarray(first.at, end), codecs }
}

/**
 * Committed offsets of consumer groups: records of the compacted internal topic `__millrace-offsets`, key
 * `["group","topic",partition]`, value the offset and the id of the topic, so that offsets of a deleted topic mean nothing
 * to one that takes its name. A tombstone forgets.
 */
import {
  INTERNAL_TOPIC_PREFIX,
  isMillraceError,
  type Clock,
  type Logger,
  type NewRecord,
} from '../../../../core/index.ts'
import type { GroupOffset } from '../../../log-wire.ts'
import type { TopicSpec } from '../../../log.ts'
import type { PartitionLog } from '../partition/partition-log.ts'
import { PartitionReader } from '../partition/partition-reader.ts'
import type { TopicStore } from '../folder/topic-store.ts'

export const OFFSETS_TOPIC: TopicSpec = {
  name: `${INTERNAL_TOPIC_PREFIX}offsets`,
  // Small segments: compaction works on closed ones, and opening the log reads what is not compacted.
  config: { cleanup: 'compact', segmentBytes: 4 * 1024 * 1024 },
}

export interface CommittedOffset {
  readonly group: string
  readonly topic: string
  readonly partition: number
  /** Null forgets the group's offset of the partition. */
  readonly offset: number | null
  /** Of Kafka clients only; kept beside the offset. */
  readonly metadata?: string
}

interface StoredOffset {
  readonly offset: number
  readonly topicId: string
  readonly metadata?: string
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const READ_BYTES = 1024 * 1024

export class GroupOffsets {
  readonly #topics: TopicStore
  readonly #clock: Clock
  /** group → "topic/partition" → offset. */
  readonly #groups = new Map<string, Map<string, StoredOffset>>()
  #creating: Promise<PartitionLog> | undefined

  readonly #logger: Logger

  constructor(topics: TopicStore, clock: Clock, logger: Logger) {
    this.#topics = topics
    this.#clock = clock
    this.#logger = logger
  }

  /**
   * Reads what was committed before. Damage is told and stepped over: a group then resumes at an older offset, which
   * repeats work, and the rest of the log opens.
   */
  async load(): Promise<void> {
    const log = this.#topics.peek(OFFSETS_TOPIC.name)?.partitions[0]
    if (log === undefined) return
    const reader = new PartitionReader(log)
    for (let offset = log.earliest; offset < log.end;) {
      try {
        offset = await this.#loadFrom(log, reader, offset)
      } catch (error) {
        if (!isMillraceError(error, 'LOG_CORRUPT')) throw error
        this.#logger.error({ err: error }, 'committed offsets are damaged: groups may repeat work')
        const { nextOffset } = error.details as { nextOffset?: number }
        offset = Math.max(offset + 1, nextOffset ?? log.end)
      }
    }
  }

  /** Returns the offset to go on at. */
  async #loadFrom(log: PartitionLog, reader: PartitionReader, from: number): Promise<number> {
    const { records, nextOffset } = await reader.read(from, log.end, READ_BYTES)
    for (const { key, value } of records) {
      if (key === null) continue
      const [group, topic, partition] = JSON.parse(decoder.decode(key)) as [string, string, number]
      const stored =
        value === null ? undefined : (JSON.parse(decoder.decode(value)) as StoredOffset)
      this.#apply(group, topic, partition, stored)
    }
    return nextOffset
  }

  groups(): readonly string[] {
    return [...this.#groups.keys()]
  }

  /** The committed offset, or undefined when there is none for this topic. */
  get(group: string, topic: string, partition: number): number | undefined {
    const stored = this.#groups.get(group)?.get(`${topic}/${partition}`)
    return stored?.topicId === this.#topicId(topic) ? stored?.offset : undefined
  }

  /** All of a group's offsets of topics that still exist, ordered by topic and partition. */
  of(group: string): readonly GroupOffset[] {
    const offsets: GroupOffset[] = []
    for (const [place, { offset, topicId, metadata = '' }] of this.#groups.get(group) ?? []) {
      const slash = place.lastIndexOf('/')
      const topic = place.slice(0, slash)
      if (this.#topicId(topic) !== topicId) continue
      offsets.push({ topic, partition: Number(place.slice(slash + 1)), offset, metadata })
    }
    return offsets.toSorted(
      (a, b) => a.topic.localeCompare(b.topic, 'en') || a.partition - b.partition,
    )
  }

  /** Durable, and visible to `get`, when it resolves. */
  async commit(offsets: readonly CommittedOffset[]): Promise<void> {
    if (offsets.length === 0) return
    const log = await this.#log()
    const timestamp = this.#clock.now()
    const stored = offsets.map(({ topic, offset, metadata = '' }) => {
      if (offset === null) return undefined
      const place = { offset, topicId: this.#topicId(topic) ?? '' }
      return metadata === '' ? place : { ...place, metadata }
    })
    const records = offsets.map(({ group, topic, partition }, index): NewRecord => {
      const value = stored[index]
      return {
        key: encoder.encode(JSON.stringify([group, topic, partition])),
        value: value === undefined ? null : encoder.encode(JSON.stringify(value)),
        headers: [],
        timestamp,
      }
    })
    await log.append(records)
    for (const [index, { group, topic, partition }] of offsets.entries()) {
      this.#apply(group, topic, partition, stored[index])
    }
  }

  /** Forgets all of a group, also what it had of topics that are gone. */
  async forget(group: string): Promise<void> {
    const places = [...(this.#groups.get(group)?.keys() ?? [])]
    await this.commit(
      places.map((place) => {
        const slash = place.lastIndexOf('/')
        const partition = Number(place.slice(slash + 1))
        return { group, topic: place.slice(0, slash), partition, offset: null }
      }),
    )
  }

  #apply(group: string, topic: string, partition: number, stored: StoredOffset | undefined): void {
    let places = this.#groups.get(group)
    if (places === undefined) this.#groups.set(group, (places = new Map()))
    if (stored === undefined) places.delete(`${topic}/${partition}`)
    else places.set(`${topic}/${partition}`, stored)
    if (places.size === 0) this.#groups.delete(group)
  }

  #topicId(topic: string): string | undefined {
    return this.#topics.peek(topic)?.id
  }

  /** The topic is made by the first commit, so a log without consumers has none. */
  async #log(): Promise<PartitionLog> {
    this.#creating ??= this.#topics.create(OFFSETS_TOPIC).then((topic) => topic.partitions[0]!)
    try {
      return await this.#creating
    } catch (error) {
      this.#creating = undefined
      throw error
    }
  }
}

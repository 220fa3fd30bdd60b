/** Fetch, versions 12 to 17 (https://kafka.apache.org/protocol#The_Messages_Fetch), without fetch sessions. */
import * as kafka from '@platformatic/kafka'
import type { RawRequest } from '../kafka-wire.ts'
import { decodeBatches, offsetOf, type BatchListener, type EpochRange } from './record-decoder.ts'
import type { LogRecord } from '../../../../core/index.ts'
import { NO_EPOCH } from '../seen-epochs.ts'

export interface FetchTarget {
  readonly topic: string
  readonly topicId: string
  readonly partition: number
  readonly from: number
  readonly maxBytes: number
  /** Leader epoch of the record before `from`, if it was read. */
  readonly lastEpoch?: number
  /** Told of every batch in the answer. */
  readonly onBatch?: BatchListener
}

export interface FetchOptions {
  readonly maxWaitMs: number
  readonly isolation: 0 | 1
}

export interface Fetched {
  readonly target: FetchTarget
  /** 0, or the broker's error. */
  readonly code: number
  /** Why the partition's bytes could not be decoded. */
  readonly failure: unknown
  readonly earliest: number
  readonly end: number
  readonly records: readonly LogRecord[]
  readonly nextOffset: number
  readonly epochs: readonly EpochRange[]
  /** The log has other records than those that were read, from this offset on or a lower one. */
  readonly divergesAt: number | undefined
}

const FIRST_WITH_IDS = 13
/** Fetch sends the broker's whole answer at once; a single larger record still comes. */
const ANSWER_BYTES = 32 * 1024 * 1024

export function fetchRequest(
  targets: readonly FetchTarget[],
  options: FetchOptions,
): RawRequest<Fetched[]> {
  return {
    api: 'Fetch',
    write(version) {
      const byTopic = new Map<string, FetchTarget[]>()
      for (const target of targets) {
        const name = version >= FIRST_WITH_IDS ? target.topicId : target.topic
        byTopic.set(name, [...(byTopic.get(name) ?? []), target])
      }
      const topics = [...byTopic].map(([topicId, asked]) => ({
        topicId,
        partitions: asked.map(({ partition, from, maxBytes, lastEpoch = NO_EPOCH }) => ({
          partition,
          currentLeaderEpoch: -1,
          fetchOffset: BigInt(from),
          lastFetchedEpoch: lastEpoch,
          partitionMaxBytes: maxBytes,
        })),
      }))
      const { createRequest } = versions[version as keyof typeof versions]
      const { maxWaitMs, isolation } = options
      return createRequest(maxWaitMs, 1, ANSWER_BYTES, isolation, 0, -1, topics, [], '')
    },
    read(reader, version) {
      reader.readInt32()
      const code = reader.readInt16()
      reader.readInt32()
      if (code !== 0) return targets.map((target) => refused(target, code))
      const find = (topic: string, partition: number): FetchTarget | undefined =>
        targets.find(
          (one) => one.partition === partition && (one.topicId === topic || one.topic === topic),
        )
      return reader
        .readArray(
          (topics) => {
            const topic = version >= FIRST_WITH_IDS ? topics.readUUID() : topics.readString()
            const partitions = topics.readArray(
              (r) => readPartition(r, (p) => find(topic, p)),
              true,
              false,
            )
            skipTags(topics)
            return partitions
          },
          true,
          false,
        )
        .flat()
        .filter((fetched) => fetched !== undefined)
    },
  }
}

const versions = {
  12: kafka.fetchV12,
  13: kafka.fetchV13,
  14: kafka.fetchV14,
  15: kafka.fetchV15,
  16: kafka.fetchV16,
  17: kafka.fetchV17,
}

function readPartition(
  reader: kafka.Reader,
  find: (partition: number) => FetchTarget | undefined,
): Fetched | undefined {
  const target = find(reader.readInt32())
  const code = reader.readInt16()
  const highWatermark = reader.readInt64()
  const lastStable = reader.readInt64()
  const logStart = reader.readInt64()
  const aborted = reader.readArray(
    (r) => {
      const transaction = { producerId: r.readInt64(), firstOffset: r.readInt64() }
      skipTags(r)
      return transaction
    },
    true,
    false,
  )
  reader.readInt32()
  const size = reader.readUnsignedVarInt() - 1
  const bytes =
    size > 0 ? reader.buffer.subarray(reader.position, reader.position + size) : undefined
  reader.skip(Math.max(0, size))
  const divergesAt = readDivergence(reader)
  if (target === undefined) return undefined
  if (code !== 0) return { ...refused(target, code), earliest: offsetOf(logStart) }
  const { topic, partition, from } = target
  const end = offsetOf(lastStable >= 0n ? lastStable : highWatermark)
  const bounds = { target, code, earliest: offsetOf(logStart), end, divergesAt }
  try {
    const source = { topic, partition, from, aborted, onBatch: target.onBatch }
    const decoded = bytes === undefined ? undefined : decodeBatches(bytes.slice(), source)
    const { records = [], nextOffset = from, epochs = [] } = decoded ?? {}
    return { ...bounds, failure: undefined, records, nextOffset, epochs }
  } catch (error) {
    return { ...bounds, failure: error, records: [], nextOffset: from, epochs: [] }
  }
}

const refused = (target: FetchTarget, code: number): Fetched => ({
  target,
  code,
  failure: undefined,
  earliest: -1,
  end: -1,
  records: [],
  nextOffset: target.from,
  epochs: [],
  divergesAt: undefined,
})

/** Tag of the end of what the reader and the log have in common: an epoch, and the offset where it ends. */
const DIVERGING_EPOCH = 0

function readDivergence(reader: kafka.Reader): number | undefined {
  let divergesAt: number | undefined
  const count = reader.readUnsignedVarInt()
  for (let index = 0; index < count; index++) {
    const tag = reader.readUnsignedVarInt()
    const end = reader.readUnsignedVarInt() + reader.position
    if (tag === DIVERGING_EPOCH) {
      reader.readInt32()
      divergesAt = Math.max(0, offsetOf(reader.readInt64()))
    }
    reader.skip(end - reader.position)
  }
  return divergesAt
}

/** Tagged fields are counted, each with its size (KIP-482). */
function skipTags(reader: kafka.Reader): void {
  const count = reader.readUnsignedVarInt()
  for (let index = 0; index < count; index++) {
    reader.readUnsignedVarInt()
    reader.skip(reader.readUnsignedVarInt())
  }
}

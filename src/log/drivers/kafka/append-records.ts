/** From the records of one `append` to the producers of its partitions. */
import {
  coreError,
  isDeadLetterTopic,
  isMillraceError,
  type NewRecord,
} from '../../../core/index.ts'
import { logError } from '../../errors.ts'
import type { Appended } from '../../log.ts'
import type { KafkaTopic } from './kafka-cluster.ts'
import { maybeStored } from './kafka-errors.ts'
import { bodySize, encodeRecords, type EncodedRecord } from './protocol/record-encoder.ts'

/** Key and headers of a record together, beside a value of the limit; dead letters add a dozen headers. */
const MAX_OVERHEAD_BYTES = 64 * 1024
/** Within ± this, differences of timestamps are exact: the year 73,000. */
const MAX_TIMESTAMP_MS = 2 ** 51 - 1
const LONE_SURROGATE = /\p{Surrogate}/u

export interface Taken {
  readonly records: readonly NewRecord[]
  /** Copies, in the same order. */
  readonly encoded: readonly EncodedRecord[]
}

/** Checks what does not depend on the topic, and copies. */
export function takeRecords(
  topic: string,
  records: readonly NewRecord[],
  recordBytes: number,
): Taken {
  // A letter holds what another client wrote, whatever its size: the topic's own limit bounds it.
  const limits = isDeadLetterTopic(topic)
    ? { value: Number.POSITIVE_INFINITY, overhead: Number.POSITIVE_INFINITY }
    : { value: recordBytes, overhead: MAX_OVERHEAD_BYTES }
  for (const [index, record] of records.entries()) checkRecord(topic, record, index, limits)
  const encoded = encodeRecords(records)
  return { records, encoded }
}

/** For a topic that must be looked up first: the keys as they are now. */
export const keepKeys = ({ records, encoded }: Taken): Taken => ({
  records: records.map((record) => ({ ...record, key: record.key?.slice() ?? null })),
  encoded,
})

/** Resolves when all records are durable, to their places in the order given. */
export async function appendRecords(
  topic: KafkaTopic,
  taken: Taken,
  append: (partition: number, records: readonly EncodedRecord[]) => Promise<readonly number[]>,
): Promise<readonly Appended[]> {
  const shares = new Map<number, number[]>()
  for (const [index, record] of taken.records.entries()) {
    checkPlace(topic, record, index)
    const partition = topic.partitioner.partitionOf(record)
    const share = shares.get(partition)
    if (share === undefined) shares.set(partition, [index])
    else share.push(index)
  }
  const appended: Appended[] = []
  const results = await Promise.allSettled(
    [...shares].map(async ([partition, indexes]) => {
      const offsets = await append(
        partition,
        indexes.map((at) => taken.encoded[at]!),
      )
      for (const [step, index] of indexes.entries()) {
        appended[index] = { partition, offset: offsets[step]! }
      }
    }),
  )
  const failed = results.find((result) => result.status === 'rejected')
  if (failed !== undefined) {
    const isNothingStored = results.every(
      (result) => result.status === 'rejected' && isUnstored(result.reason),
    )
    throw isNothingStored ? failed.reason : maybeStored(failed.reason)
  }
  return appended
}

const isUnstored = (error: unknown): boolean =>
  isMillraceError(error) && error.details?.['isStored'] === false

function checkRecord(
  topic: string,
  record: NewRecord,
  index: number,
  limits: { readonly value: number; readonly overhead: number },
): void {
  const valueBytes = record.value?.length ?? 0
  if (valueBytes > limits.value) {
    throw tooLarge(topic, index, `has a value of ${valueBytes} bytes: send at most ${limits.value}`)
  }
  const overhead = bodySize(record) - valueBytes
  if (overhead > limits.overhead) {
    const rule = `has ${overhead} bytes of key and headers: send at most ${limits.overhead}`
    throw tooLarge(topic, index, rule)
  }
  const { timestamp, headers } = record
  if (!Number.isInteger(timestamp) || Math.abs(timestamp) > MAX_TIMESTAMP_MS) {
    throw invalid(topic, index, `timestamp ${timestamp}: use whole milliseconds since 1970`)
  }
  for (const { key } of headers) {
    if (LONE_SURROGATE.test(key)) {
      throw invalid(topic, index, 'a header name that is no Unicode text: use whole characters')
    }
  }
}

function checkPlace(
  { name, partitions, config }: KafkaTopic,
  record: NewRecord,
  index: number,
): void {
  const { partition, key } = record
  if (partition !== undefined && partitions[partition] === undefined) {
    throw logError(
      'LOG_UNKNOWN_PARTITION',
      `record ${index} names partition ${partition} of topic "${name}": use 0 to ${partitions.length - 1}`,
      { details: { topic: name, partition } },
    )
  }
  if (key === null && config.cleanup === 'compact') {
    throw invalid(name, index, 'no key: the topic keeps the last record of each key; give it one')
  }
}

const tooLarge = (topic: string, index: number, rule: string): Error =>
  logError('LOG_RECORD_TOO_LARGE', `record ${index} for topic "${topic}" ${rule}`, {
    details: { topic, record: index },
  })

const invalid = (topic: string, index: number, rule: string): Error =>
  coreError('CORE_INVALID_INPUT', `record ${index} for topic "${topic}" has ${rule}`, {
    details: { topic, record: index },
  })

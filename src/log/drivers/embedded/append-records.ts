/** From the records of one `append` to the partitions that store them. */
import { coreError, type NewRecord } from '../../../core/index.ts'
import { logError } from '../../errors.ts'
import type { Appended } from '../../log.ts'
import { isHeaderKey, MAX_TIMESTAMP_MS, recordSize } from './format/batch-encoder.ts'
import type { Topic } from './folder/topic-store.ts'

/** Key and headers of a record together, beside a value of the limit; dead letters add a dozen headers. */
const MAX_OVERHEAD_BYTES = 64 * 1024

/** Resolves when all records are durable, to their places in the order given. */
export async function appendRecords(
  topic: Topic,
  records: readonly NewRecord[],
  recordBytes: number,
): Promise<readonly Appended[]> {
  if (records.length === 0) return []
  const partitions = new Int32Array(records.length)
  let isOne = true
  for (let index = 0; index < records.length; index++) {
    const record = records[index]!
    checkRecord(topic, record, index, recordBytes)
    const partition = topic.partitioner.partitionOf(record)
    partitions[index] = partition
    if (partition !== partitions[0]) isOne = false
  }
  if (!isOne) return appendToMany(topic, records, partitions)
  const partition = partitions[0]!
  let offset = await topic.partitions[partition]!.append(records)
  return records.map(() => ({ partition, offset: offset++ }))
}

async function appendToMany(
  topic: Topic,
  records: readonly NewRecord[],
  partitions: Int32Array,
): Promise<readonly Appended[]> {
  const shares = new Map<number, number[]>()
  for (const [index, partition] of partitions.entries()) {
    const share = shares.get(partition)
    if (share === undefined) shares.set(partition, [index])
    else share.push(index)
  }
  const appended: Appended[] = []
  const results = await Promise.allSettled(
    [...shares].map(async ([partition, indexes]) => {
      const base = await topic.partitions[partition]!.append(indexes.map((at) => records[at]!))
      for (const [step, index] of indexes.entries()) {
        appended[index] = { partition, offset: base + step }
      }
    }),
  )
  const failed = results.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  return appended
}

function checkRecord(topic: Topic, record: NewRecord, index: number, recordBytes: number): void {
  const valueBytes = record.value?.length ?? 0
  if (valueBytes > recordBytes) {
    throw tooLarge(topic, index, `has a value of ${valueBytes} bytes: send at most ${recordBytes}`)
  }
  const overhead = recordSize(record) - valueBytes
  if (overhead > MAX_OVERHEAD_BYTES) {
    const rule = `has ${overhead} bytes of key and headers: send at most ${MAX_OVERHEAD_BYTES}`
    throw tooLarge(topic, index, rule)
  }
  const { partition, timestamp } = record
  if (!Number.isInteger(timestamp) || Math.abs(timestamp) > MAX_TIMESTAMP_MS) {
    throw invalid(topic, index, `timestamp ${timestamp}: use whole milliseconds since 1970`)
  }
  if (partition !== undefined && topic.partitions[partition] === undefined) {
    throw logError(
      'LOG_UNKNOWN_PARTITION',
      `record ${index} names partition ${partition} of topic "${topic.name}": use 0 to ${topic.partitions.length - 1}`,
      { details: { topic: topic.name, partition } },
    )
  }
  if (record.key === null && topic.config.cleanup === 'compact') {
    throw invalid(topic, index, 'no key: the topic keeps the last record of each key; give it one')
  }
  const { headers } = record
  for (let step = 0; step < headers.length; step++) {
    if (!isHeaderKey(headers[step]!.key, step)) {
      throw invalid(topic, index, 'a header name that is no Unicode text: use whole characters')
    }
  }
}

const tooLarge = ({ name }: Topic, index: number, rule: string): Error =>
  logError('LOG_RECORD_TOO_LARGE', `record ${index} for topic "${name}" ${rule}`, {
    details: { topic: name, record: index },
  })

const invalid = ({ name }: Topic, index: number, rule: string): Error =>
  coreError('CORE_INVALID_INPUT', `record ${index} for topic "${name}" has ${rule}`, {
    details: { topic: name, record: index },
  })

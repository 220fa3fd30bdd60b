/** OffsetCommit, key 8: the offsets of a group, durable in the log's own `__millrace-offsets`. */
import { isMillraceError } from '../../core/index.ts'
import type { GroupOffset } from '../../log/index.ts'
import { defineApi } from '../protocol/api.ts'
import { kafkaError } from '../protocol/kafka-errors.ts'
import {
  array,
  between,
  int16,
  int32,
  int64,
  nullableString,
  since,
  string,
  struct,
} from '../protocol/schema.ts'
import type { RequestContext } from '../request-context.ts'

/** As `offset.metadata.max.bytes`. */
const MAX_METADATA_BYTES = 4_096

export const offsetCommit = defineApi({
  key: 8,
  name: 'OffsetCommit',
  versions: [2, 8],
  flexibleFrom: 8,
  request: struct({
    groupId: string,
    generationId: int32,
    memberId: string,
    groupInstanceId: since(7, nullableString, null),
    retentionTimeMs: between(2, 4, int64, -1),
    topics: array(
      struct({
        name: string,
        partitions: array(
          struct({
            partitionIndex: int32,
            committedOffset: int64,
            committedLeaderEpoch: since(6, int32, -1),
            committedMetadata: nullableString,
          }),
        ),
      }),
    ),
  }),
  response: struct({
    throttleTimeMs: since(3, int32, 0),
    topics: array(
      struct({
        name: string,
        partitions: array(struct({ partitionIndex: int32, errorCode: int16 })),
      }),
    ),
  }),
  async handle({ groupId, generationId, memberId, groupInstanceId, topics }, context) {
    const accepted: GroupOffset[] = []
    const checked = topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, committedOffset, committedMetadata }) => {
        const metadata = committedMetadata ?? ''
        const place = { topic: name, partition: partitionIndex, offset: committedOffset, metadata }
        const errorCode = check(place, context)
        if (errorCode === kafkaError.NONE) accepted.push(place)
        return { partitionIndex, errorCode }
      }),
    }))
    const claim = { memberId, instanceId: groupInstanceId, generation: generationId }
    const error = await context.groups.commit(groupId, claim, accepted)
    return {
      throttleTimeMs: 0,
      topics: checked.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex, errorCode }) => ({
          partitionIndex,
          errorCode: errorCode === kafkaError.NONE ? error : errorCode,
        })),
      })),
    }
  },
})

function check(
  { topic, partition, offset, metadata }: GroupOffset,
  { wire }: RequestContext,
): number {
  try {
    wire.range(topic, partition)
  } catch (error) {
    if (!isMillraceError(error)) throw error
    return kafkaError.UNKNOWN_TOPIC_OR_PARTITION
  }
  if (!Number.isSafeInteger(offset) || offset < 0) return kafkaError.OFFSET_OUT_OF_RANGE
  const isLong = Buffer.byteLength(metadata) > MAX_METADATA_BYTES
  return isLong ? kafkaError.OFFSET_METADATA_TOO_LARGE : kafkaError.NONE
}

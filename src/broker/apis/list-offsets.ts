/** ListOffsets, key 2: the earliest offset, the end, or the first one of a time. */
import { defineApi } from '../protocol/api.ts'
import { kafkaError, refusalOf } from '../protocol/kafka-errors.ts'
import {
  array,
  int16,
  int32,
  int64,
  int8,
  since,
  string,
  struct,
  type Value,
} from '../protocol/schema.ts'
import type { RequestContext } from '../request-context.ts'

const LATEST = -1
const EARLIEST = -2

const partitionResponse = struct({
  partitionIndex: int32,
  errorCode: int16,
  timestamp: int64,
  offset: int64,
  leaderEpoch: since(4, int32, 0),
})

export const listOffsets = defineApi({
  key: 2,
  name: 'ListOffsets',
  versions: [1, 5],
  flexibleFrom: 6,
  request: struct({
    replicaId: int32,
    isolationLevel: since(2, int8, 0),
    topics: array(
      struct({
        name: string,
        partitions: array(
          struct({
            partitionIndex: int32,
            currentLeaderEpoch: since(4, int32, -1),
            timestamp: int64,
          }),
        ),
      }),
    ),
  }),
  response: struct({
    throttleTimeMs: since(2, int32, 0),
    topics: array(struct({ name: string, partitions: array(partitionResponse) })),
  }),
  async handle({ topics }, context) {
    const answers: { name: string; partitions: PartitionAnswer[] }[] = []
    for (const { name, partitions } of topics) {
      const found: PartitionAnswer[] = []
      for (const { partitionIndex, timestamp } of partitions) {
        found.push(await find(name, partitionIndex, timestamp, context))
      }
      answers.push({ name, partitions: found })
    }
    return { throttleTimeMs: 0, topics: answers }
  },
})

type PartitionAnswer = Value<typeof partitionResponse>

async function find(
  topic: string,
  partitionIndex: number,
  timestamp: number,
  { log, wire }: RequestContext,
): Promise<PartitionAnswer> {
  const answer = (offset: number, time = -1): PartitionAnswer => ({
    partitionIndex,
    errorCode: kafkaError.NONE,
    timestamp: time,
    offset,
    leaderEpoch: 0,
  })
  try {
    const { earliest, end } = wire.range(topic, partitionIndex)
    if (timestamp === LATEST) return answer(end)
    if (timestamp === EARLIEST) return answer(earliest)
    if (timestamp < 0) return { ...answer(-1), errorCode: kafkaError.UNSUPPORTED_VERSION }
    const offset = await log.offsetForTime(topic, partitionIndex, timestamp)
    if (offset >= end) return answer(-1)
    for await (const { records } of log.read(topic, partitionIndex, offset, { to: offset + 1 })) {
      return answer(offset, records[0]!.timestamp)
    }
    return answer(-1)
  } catch (error) {
    return { ...answer(-1), errorCode: refusalOf(error).code }
  }
}

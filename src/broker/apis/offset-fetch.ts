/** OffsetFetch, key 9: the committed offsets of a group, or, from version 8 on, of several. Offset −1 is none. */
import type { GroupOffset } from '../../log/index.ts'
import { defineApi } from '../protocol/api.ts'
import { kafkaError } from '../protocol/kafka-errors.ts'
import {
  array,
  between,
  boolean,
  int16,
  int32,
  int64,
  nullableArray,
  nullableString,
  since,
  string,
  struct,
} from '../protocol/schema.ts'

const wantedTopics = nullableArray(struct({ name: string, partitionIndexes: array(int32) }))

const foundTopics = array(
  struct({
    name: string,
    partitions: array(
      struct({
        partitionIndex: int32,
        committedOffset: int64,
        committedLeaderEpoch: since(5, int32, -1),
        metadata: nullableString,
        errorCode: int16,
      }),
    ),
  }),
)

export const offsetFetch = defineApi({
  key: 9,
  name: 'OffsetFetch',
  versions: [1, 8],
  flexibleFrom: 6,
  request: struct({
    groupId: between(0, 7, string, ''),
    topics: between(0, 7, wantedTopics, []),
    groups: since(8, array(struct({ groupId: string, topics: wantedTopics })), []),
    requireStable: since(7, boolean, false),
  }),
  response: struct({
    throttleTimeMs: since(3, int32, 0),
    topics: between(0, 7, foundTopics, []),
    errorCode: between(2, 7, int16, 0),
    groups: since(8, array(struct({ groupId: string, topics: foundTopics, errorCode: int16 })), []),
  }),
  async handle(request, { wire, apiVersion }) {
    const answer = { throttleTimeMs: 0, topics: [], errorCode: kafkaError.NONE, groups: [] }
    if (apiVersion < 8) {
      return { ...answer, topics: select(wire.groupOffsets(request.groupId), request.topics) }
    }
    return {
      ...answer,
      groups: request.groups.map(({ groupId, topics }) => ({
        groupId,
        topics: select(wire.groupOffsets(groupId), topics),
        errorCode: kafkaError.NONE,
      })),
    }
  },
})

type Wanted = readonly { readonly name: string; readonly partitionIndexes: readonly number[] }[]

interface FoundTopic {
  readonly name: string
  readonly partitions: {
    readonly partitionIndex: number
    readonly committedOffset: number
    readonly committedLeaderEpoch: number
    readonly metadata: string
    readonly errorCode: number
  }[]
}

/** The wanted places with what is committed there; all that there is when `wanted` is null. */
function select(offsets: readonly GroupOffset[], wanted: Wanted | null): FoundTopic[] {
  const byTopic = new Map<string, GroupOffset[]>()
  for (const one of offsets) {
    const list = byTopic.get(one.topic)
    if (list === undefined) byTopic.set(one.topic, [one])
    else list.push(one)
  }
  const places =
    wanted ??
    [...byTopic].map(([name, list]) => ({
      name,
      partitionIndexes: list.map(({ partition }) => partition),
    }))
  return places.map(({ name, partitionIndexes }) => {
    const known = new Map(byTopic.get(name)?.map((one) => [one.partition, one]))
    const partitions = partitionIndexes.map((partitionIndex) => {
      const found = known.get(partitionIndex)
      return {
        partitionIndex,
        committedOffset: found?.offset ?? -1,
        committedLeaderEpoch: -1,
        metadata: found?.metadata ?? '',
        errorCode: kafkaError.NONE,
      }
    })
    return { name, partitions }
  })
}

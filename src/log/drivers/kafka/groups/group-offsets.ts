/** Committed offsets of a group, and the words in which a group speaks of them. */
import {
  coreError,
  quote,
  type TopicPartition,
  type TopicPartitionOffset,
} from '../../../../core/index.ts'
import { logError } from '../../../errors.ts'
import type { KafkaCluster } from '../kafka-cluster.ts'
import type { Lane } from '../kafka-wire.ts'
import { NO_EPOCH } from '../seen-epochs.ts'

export const fenced = (
  group: string,
  member: string,
  place: TopicPartition,
  cause?: unknown,
): Error =>
  logError(
    'LOG_FENCED',
    `consumer ${member} does not own topic "${place.topic}", partition ${place.partition}: use its assignment`,
    { cause, details: { group, topic: place.topic, partition: place.partition } },
  )

export interface CommitPlace extends TopicPartitionOffset {
  /** Of the record before the offset, where it is known. */
  readonly leaderEpoch?: number
}

export function groupByTopic(offsets: readonly CommitPlace[]): {
  name: string
  partitions: { partitionIndex: number; committedOffset: bigint; committedLeaderEpoch: number }[]
}[] {
  return [...new Set(offsets.map(({ topic }) => topic))].map((name) => ({
    name,
    partitions: offsets
      .filter(({ topic }) => topic === name)
      .map(({ partition, offset, leaderEpoch = NO_EPOCH }) => ({
        partitionIndex: partition,
        committedOffset: BigInt(offset),
        committedLeaderEpoch: leaderEpoch,
        committedMetadata: '',
      })),
  }))
}

/** Of members: the older group protocol has none. */
const NO_MEMBER_EPOCH = -1

export interface Committed {
  readonly offset: number
  readonly leaderEpoch: number
}

/** Committed offsets of a group, by `topic/partition`; all of them when no places are named. */
export async function committedOffsets(
  cluster: KafkaCluster,
  group: string,
  places: readonly TopicPartition[] | undefined,
  lane: Lane = cluster.lane,
): Promise<ReadonlyMap<string, Committed>> {
  const names = places === undefined ? undefined : [...new Set(places.map(({ topic }) => topic))]
  const topics = names?.map((name) => ({
    name,
    partitionIndexes: places!
      .filter(({ topic }) => topic === name)
      .map(({ partition }) => partition),
  }))
  const asked = [
    { groupId: group, memberId: null, memberEpoch: NO_MEMBER_EPOCH, topics: topics ?? null },
  ]
  return cluster.wire.retry(
    `read the offsets of group "${group}"`,
    async () => {
      const broker = await cluster.coordinator(group)
      const { groups } = await lane.send(broker, 'OffsetFetch', asked, true)
      const all = groups.flatMap((one) => one.topics)
      return new Map(
        all.flatMap(({ name, partitions }) =>
          partitions
            .filter(({ committedOffset }) => committedOffset >= 0n)
            .map(({ partitionIndex, committedOffset, committedLeaderEpoch: leaderEpoch }) => {
              const committed = { offset: Number(committedOffset), leaderEpoch }
              return [`${name}/${partitionIndex}`, committed] as const
            }),
        ),
      )
    },
    { onRetry: () => cluster.forgetCoordinator(group) },
  )
}

export const checkGroupName = (name: string): void => {
  if (/^[^\p{Cc}]{1,249}$/u.test(name)) return
  throw coreError(
    'CORE_INVALID_NAME',
    `group name ${quote(name)} is not allowed: use 1 to 249 characters without control characters`,
    { details: { field: 'group' } },
  )
}

/** The requests of the tests, with everything filled in that a test does not talk about. */
import { createTopics } from './apis/create-topics.ts'
import { fetch } from './apis/fetch.ts'
import type { findCoordinator } from './apis/find-coordinator.ts'
import { heartbeat } from './apis/heartbeat.ts'
import { joinGroup } from './apis/join-group.ts'
import type { metadata } from './apis/metadata.ts'
import { offsetCommit } from './apis/offset-commit.ts'
import { offsetFetch } from './apis/offset-fetch.ts'
import { produce } from './apis/produce.ts'
import { syncGroup } from './apis/sync-group.ts'
import { kafkaError } from './protocol/kafka-errors.ts'
import type { Value } from './protocol/schema.ts'
import type { WireClient } from './wire-client.testing.ts'

export const produceRequest = (
  batches: readonly Uint8Array[],
  more: { readonly topic?: string; readonly partition?: number; readonly acks?: number } = {},
): Value<typeof produce.spec.request> => ({
  transactionalId: null,
  acks: more.acks ?? -1,
  timeoutMs: 10_000,
  topics: batches.map((records) => ({
    name: more.topic ?? 't',
    partitions: [{ index: more.partition ?? 0, records }],
  })),
})

/** Error code and base offset of the one batch. */
export async function produceOne(
  client: WireClient,
  batch: Uint8Array,
  more: { readonly topic?: string; readonly partition?: number } = {},
): Promise<{ readonly errorCode: number; readonly baseOffset: number }> {
  const { topics } = await client.call(produce, 7, produceRequest([batch], more))
  const { errorCode, baseOffset } = topics[0]!.partitions[0]!
  return { errorCode, baseOffset }
}

export const fetchRequest = (
  fetchOffset: number,
  more: {
    readonly topic?: string
    readonly partition?: number
    readonly maxWaitMs?: number
    readonly minBytes?: number
    readonly maxBytes?: number
    readonly partitionMaxBytes?: number
  } = {},
): Value<typeof fetch.spec.request> => ({
  replicaId: -1,
  maxWaitMs: more.maxWaitMs ?? 0,
  minBytes: more.minBytes ?? 1,
  maxBytes: more.maxBytes ?? 1_000_000,
  isolationLevel: 0,
  sessionId: 0,
  sessionEpoch: -1,
  topics: [
    {
      topic: more.topic ?? 't',
      partitions: [
        {
          partition: more.partition ?? 0,
          currentLeaderEpoch: -1,
          fetchOffset,
          lastFetchedEpoch: -1,
          logStartOffset: -1,
          partitionMaxBytes: more.partitionMaxBytes ?? 1_000_000,
        },
      ],
    },
  ],
  forgottenTopics: [],
  rackId: '',
})

export async function fetchOne(
  client: WireClient,
  offset: number,
  more: Parameters<typeof fetchRequest>[1] = {},
): Promise<{
  readonly errorCode: number
  readonly records: Uint8Array | null
  readonly end: number
}> {
  const { responses } = await client.call(fetch, 11, fetchRequest(offset, more))
  const { errorCode, records, highWatermark } = responses[0]!.partitions[0]!
  return { errorCode, records, end: highWatermark }
}

export async function makeTopic(client: WireClient, name: string, partitions = 1): Promise<number> {
  const wanted = { name, numPartitions: partitions, replicationFactor: 1 }
  const topics = [{ ...wanted, assignments: [], configs: [] }]
  const answer = await client.call(createTopics, 4, {
    topics,
    timeoutMs: 1_000,
    validateOnly: false,
  })
  return answer.topics[0]!.errorCode
}

export const metadataRequest = (
  topics: readonly string[] | null,
  mayCreate = true,
): Value<typeof metadata.spec.request> => ({
  topics: topics?.map((name) => ({ name })) ?? null,
  allowAutoTopicCreation: mayCreate,
  includeClusterAuthorizedOperations: false,
  includeTopicAuthorizedOperations: false,
})

export const joinRequest = (
  memberId: string,
  more: {
    readonly group?: string
    readonly sessionTimeoutMs?: number
    readonly instanceId?: string
    readonly protocol?: string
    readonly metadata?: Uint8Array
  } = {},
): Value<typeof joinGroup.spec.request> => ({
  groupId: more.group ?? 'g',
  sessionTimeoutMs: more.sessionTimeoutMs ?? 10_000,
  rebalanceTimeoutMs: 20_000,
  memberId,
  groupInstanceId: more.instanceId ?? null,
  protocolType: 'consumer',
  protocols: [{ name: more.protocol ?? 'range', metadata: more.metadata ?? new Uint8Array([1]) }],
})

/** Joins as a client of version 5 does: takes an id first. */
export async function join(
  client: WireClient,
  more: Parameters<typeof joinRequest>[1] = {},
): Promise<Value<typeof joinGroup.spec.response>> {
  const first = await client.call(joinGroup, 5, joinRequest('', more))
  if (first.errorCode !== kafkaError.MEMBER_ID_REQUIRED) return first
  return client.call(joinGroup, 5, joinRequest(first.memberId, more))
}

export async function sync(
  client: WireClient,
  memberId: string,
  generationId: number,
  assignments: Readonly<Record<string, string>> = {},
): Promise<{ readonly errorCode: number; readonly assignment: string }> {
  const answer = await client.call(syncGroup, 3, {
    groupId: 'g',
    generationId,
    memberId,
    groupInstanceId: null,
    assignments: Object.entries(assignments).map(([id, share]) => ({
      memberId: id,
      assignment: Buffer.from(share),
    })),
  })
  return {
    errorCode: answer.errorCode,
    assignment: Buffer.from(answer.assignment).toString(),
  }
}

export async function beat(
  client: WireClient,
  memberId: string,
  generationId: number,
): Promise<number> {
  const claim = { groupId: 'g', generationId, memberId, groupInstanceId: null }
  return (await client.call(heartbeat, 3, claim)).errorCode
}

export async function commit(
  client: WireClient,
  offset: number,
  claim: { readonly memberId?: string; readonly generationId?: number } = {},
): Promise<number> {
  const { topics } = await client.call(offsetCommit, 7, {
    groupId: 'g',
    generationId: claim.generationId ?? -1,
    memberId: claim.memberId ?? '',
    groupInstanceId: null,
    retentionTimeMs: -1,
    topics: [
      {
        name: 't',
        partitions: [
          {
            partitionIndex: 0,
            committedOffset: offset,
            committedLeaderEpoch: -1,
            committedMetadata: 'note',
          },
        ],
      },
    ],
  })
  return topics[0]!.partitions[0]!.errorCode
}

/** The committed offset of partition 0 of `t`, −1 when there is none. */
export async function committed(client: WireClient, group = 'g'): Promise<number> {
  const topics = [{ name: 't', partitionIndexes: [0] }]
  const answer = await client.call(offsetFetch, 8, {
    groupId: '',
    topics: [],
    requireStable: true,
    groups: [{ groupId: group, topics }],
  })
  return answer.groups[0]!.topics[0]!.partitions[0]!.committedOffset
}

export const coordinatorRequest = (
  keyType: number,
): Value<typeof findCoordinator.spec.request> => ({ key: 'g', keyType, coordinatorKeys: ['g'] })

/** Metadata, key 3: topics with their partitions, and the one broker that leads them all. Creates what is not there (D17). */
import { isInternalTopic } from '../../core/index.ts'
import type { TopicInfo } from '../../log/index.ts'
import { defineApi } from '../protocol/api.ts'
import { kafkaError } from '../protocol/kafka-errors.ts'
import {
  array,
  between,
  boolean,
  int16,
  int32,
  nullableArray,
  nullableString,
  since,
  string,
  struct,
  type Value,
} from '../protocol/schema.ts'
import type { RequestContext } from '../request-context.ts'
import { BROKER_ID } from '../topics/broker-identity.ts'
import { isOwnTopic } from '../topics/own-topics.ts'

/** Authorized operations that were not asked for, or that nobody restricts. */
export const NO_AUTHORIZATION = -(2 ** 31)

const topicResponse = struct({
  errorCode: int16,
  name: string,
  isInternal: since(1, boolean, false),
  partitions: array(
    struct({
      errorCode: int16,
      partitionIndex: int32,
      leaderId: int32,
      leaderEpoch: since(7, int32, 0),
      replicaNodes: array(int32),
      isrNodes: array(int32),
      offlineReplicas: since(5, array(int32), []),
    }),
  ),
  authorizedOperations: since(8, int32, NO_AUTHORIZATION),
})

export const metadata = defineApi({
  key: 3,
  name: 'Metadata',
  versions: [0, 9],
  flexibleFrom: 9,
  request: struct({
    topics: nullableArray(struct({ name: string })),
    allowAutoTopicCreation: since(4, boolean, true),
    includeClusterAuthorizedOperations: since(8, boolean, false),
    includeTopicAuthorizedOperations: since(8, boolean, false),
  }),
  response: struct({
    throttleTimeMs: since(3, int32, 0),
    brokers: array(
      struct({ nodeId: int32, host: string, port: int32, rack: since(1, nullableString, null) }),
    ),
    clusterId: since(2, nullableString, null),
    controllerId: since(1, int32, BROKER_ID),
    topics: array(topicResponse),
    clusterAuthorizedOperations: between(8, 10, int32, NO_AUTHORIZATION),
  }),
  async handle({ topics, allowAutoTopicCreation }, context) {
    const { apiVersion, identity, connection, log } = context
    // All topics: null, which version 0 does not have and writes as an empty list.
    const wantsAll = topics === null || (apiVersion === 0 && topics.length === 0)
    const found: Value<typeof topicResponse>[] = []
    if (wantsAll) found.push(...(await log.topics()).map(describe))
    else {
      const names = new Set(topics.map(({ name }) => name))
      for (const name of names) found.push(await find(name, allowAutoTopicCreation, context))
    }
    return {
      throttleTimeMs: 0,
      brokers: [{ nodeId: BROKER_ID, ...connection.advertised, rack: null }],
      clusterId: identity.clusterId,
      controllerId: BROKER_ID,
      topics: found,
      clusterAuthorizedOperations: NO_AUTHORIZATION,
    }
  },
})

async function find(
  name: string,
  mayCreate: boolean,
  { creator }: RequestContext,
): Promise<Value<typeof topicResponse>> {
  const found = await creator.find(name, mayCreate && !isOwnTopic(name))
  if ('topic' in found) return describe(found.topic)
  const refused = { errorCode: found.refusal.code, name, isInternal: isInternalTopic(name) }
  return { ...refused, partitions: [], authorizedOperations: NO_AUTHORIZATION }
}

const describe = ({ name, partitions }: TopicInfo): Value<typeof topicResponse> => ({
  errorCode: kafkaError.NONE,
  name,
  isInternal: isInternalTopic(name),
  partitions: partitions.map(({ partition }) => ({
    errorCode: kafkaError.NONE,
    partitionIndex: partition,
    leaderId: BROKER_ID,
    leaderEpoch: 0,
    replicaNodes: [BROKER_ID],
    isrNodes: [BROKER_ID],
    offlineReplicas: [],
  })),
  authorizedOperations: NO_AUTHORIZATION,
})

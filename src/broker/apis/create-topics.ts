/** CreateTopics, key 19. One broker: the replication factor is 1. */
import type { TopicSpec } from '../../log/index.ts'
import { defineApi } from '../protocol/api.ts'
import { kafkaError, type Refusal } from '../protocol/kafka-errors.ts'
import {
  array,
  boolean,
  int16,
  int32,
  int8,
  nullableArray,
  nullableString,
  since,
  string,
  struct,
  uuid,
  type Value,
} from '../protocol/schema.ts'
import type { RequestContext } from '../request-context.ts'
import { describeTopicConfig, readConfigs } from '../topics/topic-configs.ts'
import { NO_TOPIC_ID } from '../topics/topic-ids.ts'

const wantedTopic = struct({
  name: string,
  numPartitions: int32,
  replicationFactor: int16,
  assignments: array(struct({ partitionIndex: int32, brokerIds: array(int32) })),
  configs: array(struct({ name: string, value: nullableString })),
})

const createdTopic = struct({
  name: string,
  topicId: since(7, uuid, NO_TOPIC_ID),
  errorCode: int16,
  errorMessage: nullableString,
  numPartitions: since(5, int32, -1),
  replicationFactor: since(5, int16, -1),
  configs: since(
    5,
    nullableArray(
      struct({
        name: string,
        value: nullableString,
        isReadOnly: boolean,
        configSource: int8,
        isSensitive: boolean,
      }),
    ),
    null,
  ),
})

export const createTopics = defineApi({
  key: 19,
  name: 'CreateTopics',
  versions: [2, 7],
  flexibleFrom: 5,
  request: struct({ topics: array(wantedTopic), timeoutMs: int32, validateOnly: boolean }),
  response: struct({ throttleTimeMs: int32, topics: array(createdTopic) }),
  async handle({ topics, validateOnly }, context) {
    const answers: Value<typeof createdTopic>[] = []
    for (const topic of topics) {
      const isRepeated = topics.filter(({ name }) => name === topic.name).length > 1
      answers.push(
        isRepeated
          ? refuse(topic.name, {
              code: kafkaError.INVALID_REQUEST,
              message: `topic "${topic.name}" is named twice in one request`,
            })
          : await create(topic, validateOnly, context),
      )
    }
    return { throttleTimeMs: 0, topics: answers }
  },
})

const refuse = (name: string, { code, message }: Refusal): Value<typeof createdTopic> => ({
  name,
  topicId: NO_TOPIC_ID,
  errorCode: code,
  errorMessage: message,
  numPartitions: -1,
  replicationFactor: -1,
  configs: null,
})

async function create(
  wanted: Value<typeof wantedTopic>,
  validateOnly: boolean,
  { creator, wire, limits }: RequestContext,
): Promise<Value<typeof createdTopic>> {
  const { name } = wanted
  const spec = readSpec(wanted, limits.batchBytes)
  if ('code' in spec) return refuse(name, spec)
  const made = await creator.create(spec, validateOnly)
  if ('refusal' in made) return refuse(name, made.refusal)
  const { config, partitions } = made.topic
  return {
    name,
    topicId: validateOnly ? NO_TOPIC_ID : wire.topicId(name),
    errorCode: kafkaError.NONE,
    errorMessage: null,
    numPartitions: partitions.length,
    replicationFactor: 1,
    configs: describeTopicConfig(config, limits.batchBytes).map((entry) => ({
      ...entry,
      configSource: entry.source,
      isSensitive: false,
    })),
  }
}

/** What the log is asked for: −1 is the broker's default, which is one of each. */
function readSpec(wanted: Value<typeof wantedTopic>, maxBatchBytes: number): TopicSpec | Refusal {
  const { name, numPartitions, replicationFactor, assignments } = wanted
  if (assignments.some(({ brokerIds }) => brokerIds.length !== 1)) {
    const message = 'there is one broker: assign each partition to it alone'
    return { code: kafkaError.INVALID_REPLICA_ASSIGNMENT, message }
  }
  if (assignments.length === 0 && replicationFactor !== -1 && replicationFactor !== 1) {
    const message = `replication factor ${replicationFactor} is larger than the one broker there is: use 1`
    return { code: kafkaError.INVALID_REPLICATION_FACTOR, message }
  }
  const partitions = assignments.length > 0 ? assignments.length : numPartitions
  if (partitions !== -1 && (partitions < 1 || partitions > 1_000)) {
    const message = `${partitions} partitions: use 1 to 1000`
    return { code: kafkaError.INVALID_PARTITIONS, message }
  }
  const read = readConfigs(wanted.configs, maxBatchBytes)
  if ('wrong' in read) return { code: kafkaError.INVALID_CONFIG, message: read.wrong }
  return { name, partitions: partitions === -1 ? 1 : partitions, config: read.config }
}

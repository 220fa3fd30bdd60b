/** DescribeConfigs, key 32: the settings of topics and of this broker, read only. */
import { defineApi } from '../protocol/api.ts'
import { kafkaError, refusalOf } from '../protocol/kafka-errors.ts'
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
  type Value,
} from '../protocol/schema.ts'
import type { RequestContext } from '../request-context.ts'
import { BROKER_ID } from '../topics/broker-identity.ts'
import {
  describeBrokerConfig,
  describeTopicConfig,
  type ConfigEntry,
} from '../topics/topic-configs.ts'

const TOPIC = 2
const BROKER = 4

const describedConfig = struct({
  name: string,
  value: nullableString,
  isReadOnly: boolean,
  configSource: int8,
  isSensitive: boolean,
  synonyms: array(struct({ name: string, value: nullableString, source: int8 })),
  configType: since(3, int8, 0),
  documentation: since(3, nullableString, null),
})

const result = struct({
  errorCode: int16,
  errorMessage: nullableString,
  resourceType: int8,
  resourceName: string,
  configs: array(describedConfig),
})

const resource = struct({
  resourceType: int8,
  resourceName: string,
  configurationKeys: nullableArray(string),
})

export const describeConfigs = defineApi({
  key: 32,
  name: 'DescribeConfigs',
  versions: [1, 4],
  flexibleFrom: 4,
  request: struct({
    resources: array(resource),
    includeSynonyms: boolean,
    includeDocumentation: since(3, boolean, false),
  }),
  response: struct({ throttleTimeMs: int32, results: array(result) }),
  async handle({ resources }, context) {
    const results: Value<typeof result>[] = []
    for (const one of resources) results.push(await describe(one, context))
    return { throttleTimeMs: 0, results }
  },
})

async function describe(
  { resourceType, resourceName, configurationKeys }: Value<typeof resource>,
  { log, limits }: RequestContext,
): Promise<Value<typeof result>> {
  const common = { resourceType, resourceName }
  const answer = (entries: readonly ConfigEntry[]): Value<typeof result> => ({
    ...common,
    errorCode: kafkaError.NONE,
    errorMessage: null,
    configs: entries
      .filter(({ name }) => configurationKeys?.includes(name) !== false)
      .map(({ name, value, type, isReadOnly, source }) => ({
        name,
        value,
        isReadOnly,
        configSource: source,
        isSensitive: false,
        synonyms: [],
        configType: type,
        documentation: null,
      })),
  })
  const refuse = (errorCode: number, errorMessage: string): Value<typeof result> => ({
    ...common,
    errorCode,
    errorMessage,
    configs: [],
  })
  if (resourceType === TOPIC) {
    try {
      const { config } = await log.topic(resourceName)
      return answer(describeTopicConfig(config, limits.batchBytes))
    } catch (error) {
      const { code, message } = refusalOf(error)
      return refuse(code, message)
    }
  }
  if (resourceType === BROKER && resourceName === String(BROKER_ID)) {
    return answer(describeBrokerConfig(limits.batchBytes, limits.frameBytes))
  }
  return refuse(kafkaError.INVALID_REQUEST, 'only topics and the broker with id 1 have settings')
}

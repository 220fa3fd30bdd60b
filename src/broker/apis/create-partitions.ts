/** CreatePartitions, key 37: more partitions for a topic. Equal keys may go to other partitions from then on. */
import { isMillraceError } from '../../core/index.ts'
import { defineApi } from '../protocol/api.ts'
import { kafkaError, refusalOf, type Refusal } from '../protocol/kafka-errors.ts'
import {
  array,
  boolean,
  int16,
  int32,
  nullableArray,
  nullableString,
  string,
  struct,
} from '../protocol/schema.ts'
import type { RequestContext } from '../request-context.ts'
import { isOwnTopic } from '../topics/own-topics.ts'

export const createPartitions = defineApi({
  key: 37,
  name: 'CreatePartitions',
  versions: [0, 3],
  flexibleFrom: 2,
  request: struct({
    topics: array(
      struct({
        name: string,
        count: int32,
        assignments: nullableArray(struct({ brokerIds: array(int32) })),
      }),
    ),
    timeoutMs: int32,
    validateOnly: boolean,
  }),
  response: struct({
    throttleTimeMs: int32,
    results: array(struct({ name: string, errorCode: int16, errorMessage: nullableString })),
  }),
  async handle({ topics, validateOnly }, context) {
    const results: { name: string; errorCode: number; errorMessage: string | null }[] = []
    for (const { name, count } of topics) {
      const refused = await grow(name, count, validateOnly, context)
      results.push({
        name,
        errorCode: refused?.code ?? kafkaError.NONE,
        errorMessage: refused?.message ?? null,
      })
    }
    return { throttleTimeMs: 0, results }
  },
})

async function grow(
  name: string,
  count: number,
  validateOnly: boolean,
  { log, limits, contracts }: RequestContext,
): Promise<Refusal | undefined> {
  if (isOwnTopic(name)) {
    const message = `topic "${name}" belongs to the log`
    return { code: kafkaError.INVALID_TOPIC_EXCEPTION, message }
  }
  const reason = contracts.refuseChange?.(name)
  if (reason !== undefined) return { code: kafkaError.POLICY_VIOLATION, message: reason }
  try {
    const before = (await log.topic(name)).partitions.length
    const all = (await log.topics()).reduce((sum, { partitions }) => sum + partitions.length, 0)
    if (count <= before) {
      const message = `topic "${name}" has ${before} partitions already: ask for more`
      return { code: kafkaError.INVALID_PARTITIONS, message }
    }
    if (all - before + count > limits.partitions) {
      const message = `no more than ${limits.partitions} partitions in all: delete some topics`
      return { code: kafkaError.POLICY_VIOLATION, message }
    }
    if (!validateOnly) await log.addPartitions(name, count)
    return undefined
  } catch (error) {
    const { code, message } = refusalOf(error)
    const isCount = isMillraceError(error, 'CORE_INVALID_INPUT')
    return { code: isCount ? kafkaError.INVALID_PARTITIONS : code, message }
  }
}

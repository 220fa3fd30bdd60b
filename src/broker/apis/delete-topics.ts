/** DeleteTopics, key 20: the topic goes with all its records. Version 6 names it by name or by id. */
import { defineApi } from '../protocol/api.ts'
import { kafkaError, refusalOf, type Refusal } from '../protocol/kafka-errors.ts'
import {
  array,
  between,
  int16,
  int32,
  nullableString,
  since,
  string,
  struct,
  uuid,
} from '../protocol/schema.ts'
import type { RequestContext } from '../request-context.ts'
import { NO_TOPIC_ID, topicNames } from '../topics/topic-ids.ts'
import { isOwnTopic } from '../topics/own-topics.ts'

export const deleteTopics = defineApi({
  key: 20,
  name: 'DeleteTopics',
  versions: [1, 6],
  flexibleFrom: 4,
  request: struct({
    topics: since(6, array(struct({ name: nullableString, topicId: uuid })), []),
    topicNames: between(0, 5, array(string), []),
    timeoutMs: int32,
  }),
  response: struct({
    throttleTimeMs: int32,
    responses: array(
      struct({
        name: nullableString,
        topicId: since(6, uuid, NO_TOPIC_ID),
        errorCode: int16,
        errorMessage: since(5, nullableString, null),
      }),
    ),
  }),
  async handle(request, context) {
    const names = await topicNames(context)
    const wanted =
      context.apiVersion >= 6
        ? request.topics
        : request.topicNames.map((name) => ({ name, topicId: NO_TOPIC_ID }))
    const answers = []
    for (const { name, topicId } of wanted) {
      const found = name ?? names.get(topicId) ?? null
      const refused = await remove(found, context)
      answers.push({
        name: found,
        topicId,
        errorCode: refused?.code ?? kafkaError.NONE,
        errorMessage: refused?.message ?? null,
      })
    }
    return { throttleTimeMs: 0, responses: answers }
  },
})

async function remove(
  name: string | null,
  { log, contracts }: RequestContext,
): Promise<Refusal | undefined> {
  if (name === null) {
    return { code: kafkaError.UNKNOWN_TOPIC_ID, message: 'there is no topic with this id' }
  }
  if (isOwnTopic(name)) {
    const message = `topic "${name}" belongs to the log`
    return { code: kafkaError.INVALID_TOPIC_EXCEPTION, message }
  }
  const reason = contracts.refuseChange?.(name)
  if (reason !== undefined) return { code: kafkaError.POLICY_VIOLATION, message: reason }
  try {
    await log.deleteTopic(name)
    return undefined
  } catch (error) {
    return refusalOf(error)
  }
}

/**
 * GET /v1/topics?internal=false
 *
 * - `internal` (query, default `false`): also Millrace's own topics
 *
 * 200
 *
 * `{"topics":[{"name":"ratings","declared":true,"internal":false,"records":100836,"bytes":…,"config":{…},"partitions":[{"partition":0,"earliest":0,"end":100836,"bytes":…,"segments":1}]}]}`
 */
import { z } from 'zod'
import { isInternalTopic } from '../../../core/index.ts'
import { defineRoute } from '../../define-route.ts'
import { flag } from '../../schemas/input.ts'
import { topicSchema } from '../../schemas/topic-schemas.ts'
import { topicAnswer } from '../../topic-answer.ts'

export const listTopics = defineRoute({
  method: 'GET',
  path: '/v1/topics',
  tag: 'topics',
  summary: 'All topics with their partitions',
  query: z.strictObject({ internal: flag.describe("Also Millrace's own topics") }),
  answer: z.object({ topics: z.array(topicSchema) }),
  handler: async ({ query }, { app }) => {
    const topics = await app.log.topics()
    return {
      topics: topics
        .filter(({ name }) => query.internal || !isInternalTopic(name))
        .map((topic) => topicAnswer(topic, app)),
    }
  },
})

/**
 * GET /v1/topics/{topic}
 *
 * 200 · 404 there is no such topic
 *
 * `{"name":"ratings","declared":true,"internal":false,"records":100836,"bytes":…,"config":{…},"partitions":[…],"columns":[{"name":"userId","type":"integer","nullable":false}]}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { topicName } from '../../schemas/input.ts'
import { topicSchema } from '../../schemas/topic-schemas.ts'
import { topicAnswer } from '../../topic-answer.ts'

export const getTopic = defineRoute({
  method: 'GET',
  path: '/v1/topics/:topic',
  tag: 'topics',
  summary: 'One topic: partitions, offsets, settings, columns',
  params: z.strictObject({ topic: topicName }),
  answer: topicSchema,
  problems: [404],
  handler: async ({ params }, { app }) => topicAnswer(await app.log.topic(params.topic), app),
})

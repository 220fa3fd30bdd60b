/**
 * DELETE /v1/topics/{topic}
 *
 * 204 · 403 one of Millrace's own · 404 · 409 the app declares it
 */
import { z } from 'zod'
import { isInternalTopic } from '../../../core/index.ts'
import { defineRoute } from '../../define-route.ts'
import { apiError } from '../../errors.ts'
import { topicName } from '../../schemas/input.ts'

export const deleteTopic = defineRoute({
  method: 'DELETE',
  path: '/v1/topics/:topic',
  tag: 'topics',
  summary: 'Delete a topic and its records',
  params: z.strictObject({ topic: topicName }),
  answer: z.undefined(),
  status: 204,
  problems: [404, 409],
  handler: async ({ params: { topic } }, { app, reply }) => {
    if (isInternalTopic(topic)) {
      throw apiError('API_RESERVED_TOPIC', `topic ${topic} is Millrace's own and cannot be deleted`)
    }
    if (Object.hasOwn(app.definition.topics, topic)) {
      throw apiError(
        'API_TOPIC_IN_USE',
        `topic ${topic} is declared by app ${app.definition.name}: take it out of the app first`,
      )
    }
    await app.log.topic(topic)
    await app.log.deleteTopic(topic)
    return reply.send()
  },
})

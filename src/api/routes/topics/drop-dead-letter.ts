/**
 * DELETE /v1/topics/{topic}/dead-letters/{id}
 *
 * Gives the letter up: it counts as dropped. Its bytes stay in the dead-letter topic for as long as that keeps them.
 *
 * 204, also when it was dropped before · 404 no such topic or letter · 409 it was retried
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { letterId, topicName } from '../../schemas/input.ts'

export const dropDeadLetter = defineRoute({
  method: 'DELETE',
  path: '/v1/topics/:topic/dead-letters/:id',
  tag: 'topics',
  summary: 'Give a dead letter up',
  params: z.strictObject({ topic: topicName, id: letterId }),
  answer: z.undefined(),
  status: 204,
  problems: [404, 409],
  handler: async ({ params: { topic, id } }, { app, reply }) => {
    await app.log.topic(topic)
    await app.ingest.deadLetters.drop(topic, id)
    return reply.send()
  },
})

/**
 * GET /v1/topics/{topic}/dead-letters/{id}
 *
 * 200 the letter, as in the list · 404 no such topic or letter
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { letterJson } from '../../letter-json.ts'
import { letterId, topicName } from '../../schemas/input.ts'
import { letterRecordSchema } from '../../schemas/topic-schemas.ts'

export const getDeadLetter = defineRoute({
  method: 'GET',
  path: '/v1/topics/:topic/dead-letters/:id',
  tag: 'topics',
  summary: 'One dead letter',
  params: z.strictObject({ topic: topicName, id: letterId }),
  answer: letterRecordSchema,
  answerType: 'application/json; charset=utf-8',
  problems: [404],
  handler: async ({ params: { topic, id } }, { app, reply }) => {
    await app.log.topic(topic)
    const { record, letter: _, ...status } = await app.ingest.deadLetters.get(topic, id)
    return reply.send(letterJson(record, status))
  },
})

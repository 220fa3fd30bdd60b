/**
 * POST /v1/topics/{topic}/dead-letters/{id}/retry
 *
 * Sends the letter's event through the door again, or the event of the body (`application/json`) in its stead. It lands
 * once, however often this is asked and whatever ends the process meanwhile.
 *
 * 200 the letter, `retried` · 400 the body is not JSON · 404 no such topic or letter · 409 it was dropped, or its id belongs
 * to another event · 422 the event is still bad: the letter stays open
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { apiError } from '../../errors.ts'
import { letterJson } from '../../letter-json.ts'
import { eventFormat, jsonEventBody } from '../../request-body.ts'
import { letterId, topicName } from '../../schemas/input.ts'
import { letterRecordSchema } from '../../schemas/topic-schemas.ts'

export const retryDeadLetter = defineRoute({
  method: 'POST',
  path: '/v1/topics/:topic/dead-letters/:id/retry',
  tag: 'topics',
  summary: 'Send the event of a dead letter again',
  params: z.strictObject({ topic: topicName, id: letterId }),
  takes: 'events',
  answer: letterRecordSchema,
  answerType: 'application/json; charset=utf-8',
  problems: [404, 409],
  handler: async ({ params: { topic, id }, raw }, { app, reply }) => {
    await app.log.topic(topic)
    let fixed: Buffer | undefined
    if (hasBody(raw.headers)) {
      const format = eventFormat(raw)
      if (format !== 'json') {
        throw apiError(
          'API_UNSUPPORTED_MEDIA_TYPE',
          'the fixed event comes as application/json: set the content type',
        )
      }
      fixed = await jsonEventBody(raw, { limits: app.limits, clock: app.clock })
    }
    const { record, letter: _, ...status } = await app.ingest.deadLetters.retry(topic, id, fixed)
    return reply.send(letterJson(record, status))
  },
})

const hasBody = (headers: Readonly<Record<string, unknown>>): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0

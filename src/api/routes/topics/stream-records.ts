/**
 * GET /v1/topics/{topic}/stream?from=end&partition=0
 *
 * Records as they become durable, as server-sent events. The id of an event names the position in every partition, so a
 * client that reconnects with `Last-Event-ID` misses none and gets none twice.
 *
 * - `from` (query, default `end`): `end` or `beginning`
 * - `partition` (query, default: all)
 * - `Last-Event-ID` (header): goes on after that event; wins over `from`
 *
 * 200 `text/event-stream` · 404 no such topic or partition · 422 · 503 too many streams are open
 *
 * ```
 * id: 0:18
 * event: record
 * data: {"partition":0,"offset":17,"timestamp":"…","key":"1","value":{"userId":1},"valueEncoding":"json","headers":[]}
 * ```
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { topicName, wholeNumber } from '../../schemas/input.ts'
import { streamTopic } from '../../topic-stream.ts'

export const streamRecords = defineRoute({
  method: 'GET',
  path: '/v1/topics/:topic/stream',
  tag: 'topics',
  summary: 'Follow a topic (server-sent events)',
  params: z.strictObject({ topic: topicName }),
  query: z.strictObject({
    from: z.enum(['end', 'beginning'], { error: 'write end or beginning' }).default('end'),
    partition: wholeNumber({ max: 999 }).optional(),
  }),
  answer: z.string(),
  answerType: 'text/event-stream',
  problems: [404],
  handler: ({ params, query, raw, signal }, tools) =>
    streamTopic(
      { topic: params.topic, ...query, lastEventId: raw.headers['last-event-id'] },
      signal,
      tools,
    ),
})

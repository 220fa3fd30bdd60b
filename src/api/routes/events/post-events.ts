/**
 * POST /v1/events?topic=ratings&onError=reject
 *
 * The same as `POST /v1/topics/{topic}/events`, with the topic as a parameter of the query.
 *
 * - `topic` (query, required): where the events go
 * - `onError` (query, default `reject`): `reject` or `dlq`
 *
 * 202 some or all are durable · 400 not JSON, not UTF-8 · 403 one of Millrace's own topics · 409 · 413 · 415 · 422 nothing was
 * taken · 503 the disk is full, or the server stops
 *
 * `{"accepted":2,"duplicates":0,"duplicateOffsets":[],"rejected":[],"rejectedCount":0,"offsets":[{"partition":0,"first":0,"last":1}]}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { onErrorQuery, receiveEvents } from '../../receive-events.ts'
import { receiveAnswer } from '../../schemas/event-schemas.ts'
import { topicName } from '../../schemas/input.ts'

export const postEvents = defineRoute({
  method: 'POST',
  path: '/v1/events',
  tag: 'events',
  summary: 'Send one event, an array, NDJSON or CSV to a topic',
  query: z.strictObject({ topic: topicName, onError: onErrorQuery }),
  takes: 'events',
  answer: receiveAnswer,
  status: 202,
  problems: [404, 409],
  handler: (request, tools) =>
    receiveEvents(request.query.topic, request.query.onError, request, tools),
})

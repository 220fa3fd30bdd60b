/**
 * POST /v1/topics/{topic}/events?onError=reject
 *
 * One event or an array (`application/json`), one a line (`application/x-ndjson`), or rows with a header line (`text/csv`);
 * each may be packed with gzip. The answer comes when every accepted event is durable.
 *
 * - `topic` (path): where the events go; a topic that nobody declared is created
 * - `onError` (query, default `reject`): `reject` names bad events in the answer, `dlq` also puts them into the dead letters
 * - `millrace-sequence`, `millrace-position` (headers): the sender's own numbering, its name percent-encoded; a position is
 *   stored once
 * - `ce-id` (header, one event), `idempotency-key` (header, the whole request): sent again within 24 h, or with 10 million ids
 *   between, nothing is stored twice; the answer counts duplicates and says where the first ones lie. A topic may declare a
 *   field that is the id
 *
 * 202 some or all are durable · 400 not JSON, not UTF-8 · 403 one of Millrace's own topics · 413 · 415 · 409 the id belongs
 * to another event · 422 nothing of a single event or array was taken · 503 the disk is full, the server stops, or the Kafka
 * cluster is away; with `--on-outage spool` events without a position are taken all the same, as `spooled`
 *
 * `{"accepted":1,"duplicates":0,"duplicateOffsets":[],"rejected":[{"index":1,"line":2,"code":"INGEST_INVALID_EVENT","errors":[{"path":"/rating","message":"…"}]}],"rejectedCount":1,"offsets":[{"partition":0,"first":17,"last":17}]}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { onErrorQuery, receiveEvents } from '../../receive-events.ts'
import { receiveAnswer } from '../../schemas/event-schemas.ts'
import { topicName } from '../../schemas/input.ts'

export const postTopicEvents = defineRoute({
  method: 'POST',
  path: '/v1/topics/:topic/events',
  tag: 'events',
  summary: 'Send one event, an array, NDJSON or CSV',
  params: z.strictObject({ topic: topicName }),
  query: z.strictObject({ onError: onErrorQuery }),
  takes: 'events',
  answer: receiveAnswer,
  status: 202,
  problems: [404, 409],
  handler: (request, tools) =>
    receiveEvents(request.params.topic, request.query.onError, request, tools),
})

/**
 * GET /v1/topics/{topic}/ledger
 *
 * Where every event is that the topic received. `received` is counted at the door and in the log, the rest in the lake, the
 * log and the dead letters: a difference other than 0 means that something is lost or doubled. A body that cannot be read
 * as its content type holds no events and is not counted.
 *
 * 200 · 404 no such topic
 *
 * `{"topic":"ratings","table":"ratings","received":1005,"inLake":900,"inFlight":100,"expired":0,"duplicates":2,"rejected":0,"deadLettered":3,"letters":{"open":2,"retried":0,"dropped":1},"difference":0,"balanced":true}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { topicName } from '../../schemas/input.ts'
import { ledgerSchema } from '../../schemas/topic-schemas.ts'

export const getLedger = defineRoute({
  method: 'GET',
  path: '/v1/topics/:topic/ledger',
  tag: 'topics',
  summary: 'Where every event of a topic is',
  params: z.strictObject({ topic: topicName }),
  answer: ledgerSchema,
  problems: [404],
  handler: ({ params: { topic } }, { app }) => app.ledger(topic),
})

/**
 * GET /v1/topics/{topic}/dead-letters?offset=0&limit=100
 *
 * What could not be used of a topic, with the reason, the original bytes and what became of it. Letters stay in the list
 * when they are retried or dropped.
 *
 * - `offset` (query, default: the earliest), `limit` (query, default 100)
 *
 * 200, empty when nothing was put aside · 404 no such topic
 *
 * `{"topic":"ratings.dead-letters","partition":0,"earliest":0,"end":1,"records":[{"partition":0,"offset":0,…,"value":"x,y","valueEncoding":"text","headers":[…],"id":0,"state":"open","deadLetter":{"stage":"ingest","code":"INGEST_INVALID_EVENT","reason":"/userId: …","source":"file:ratings.csv","position":7,"at":"…"}}],"next":1}`
 */
import { z } from 'zod'
import { deadLetterTopic } from '../../../core/index.ts'
import { defineRoute } from '../../define-route.ts'
import { letterJson } from '../../letter-json.ts'
import { readPage } from '../../record-page.ts'
import { pageLimit, topicName, wholeNumber } from '../../schemas/input.ts'
import { letterRecordSchema, recordsAnswer } from '../../schemas/topic-schemas.ts'

export const listDeadLetters = defineRoute({
  method: 'GET',
  path: '/v1/topics/:topic/dead-letters',
  tag: 'topics',
  summary: 'Dead letters of a topic',
  params: z.strictObject({ topic: topicName }),
  query: z.strictObject({ offset: wholeNumber().optional(), limit: pageLimit }),
  answer: recordsAnswer.extend({ records: z.array(letterRecordSchema) }),
  answerType: 'application/json; charset=utf-8',
  problems: [404],
  handler: async ({ params, query, signal }, { app, reply }) => {
    await app.log.topic(params.topic)
    const topic = deadLetterTopic(params.topic)
    const topics = await app.log.topics()
    if (!topics.some(({ name }) => name === topic)) {
      const empty = { topic, partition: 0, earliest: 0, end: 0, records: [], next: 0 }
      return reply.send(JSON.stringify(empty))
    }
    const { deadLetters } = app.ingest
    const statusOf = await deadLetters.statuses(params.topic)
    return readPage({ topic, partition: 0, ...query, signal }, app, reply, (record) =>
      letterJson(record, statusOf(record)),
    )
  },
})

/**
 * GET /v1/topics/{topic}/dead-letters?offset=0&limit=100
 *
 * What could not be used of a topic, with the reason and the original bytes.
 *
 * - `partition` (query, default 0), `offset` (query, default: the earliest), `limit` (query, default 100)
 *
 * 200, empty when nothing was put aside · 404 no such topic
 *
 * `{"topic":"ratings.dead-letters","partition":0,"earliest":0,"end":1,"records":[{"partition":0,"offset":0,…,"value":"x,y","valueEncoding":"text","headers":[…],"deadLetter":{"stage":"ingest","code":"INGEST_INVALID_EVENT","reason":"/userId: …","source":"file:ratings.csv","position":7,"at":"…"}}],"next":1}`
 */
import { z } from 'zod'
import {
  deadLetterTopic,
  isMillraceError,
  readDeadLetter,
  type LogRecord,
} from '../../../core/index.ts'
import { defineRoute } from '../../define-route.ts'
import { recordJson } from '../../record-json.ts'
import { readPage } from '../../record-page.ts'
import { pageLimit, topicName, wholeNumber } from '../../schemas/input.ts'
import { recordsAnswer, recordSchema } from '../../schemas/topic-schemas.ts'

const deadLetterSchema = z.object({
  stage: z.enum(['ingest', 'sink']),
  code: z.string(),
  reason: z.string(),
  source: z.string(),
  partition: z.int().optional(),
  offset: z.int().optional(),
  position: z.int().optional(),
  at: z.string(),
})

export const listDeadLetters = defineRoute({
  method: 'GET',
  path: '/v1/topics/:topic/dead-letters',
  tag: 'topics',
  summary: 'Dead letters of a topic',
  params: z.strictObject({ topic: topicName }),
  query: z.strictObject({
    partition: wholeNumber({ max: 999 }).default(0),
    offset: wholeNumber().optional(),
    limit: pageLimit,
  }),
  answer: recordsAnswer.extend({
    records: z.array(recordSchema.extend({ deadLetter: deadLetterSchema.optional() })),
  }),
  answerType: 'application/json; charset=utf-8',
  problems: [404],
  handler: async ({ params, query, signal }, { app, reply }) => {
    await app.log.topic(params.topic)
    const topic = deadLetterTopic(params.topic)
    if (!(await exists(() => app.log.topic(topic)))) {
      const empty = { topic, partition: query.partition, earliest: 0, end: 0, records: [], next: 0 }
      return reply.send(JSON.stringify(empty))
    }
    return readPage({ topic, ...query, signal }, app, reply, letterJson)
  },
})

function letterJson(record: LogRecord): string {
  const letter = readDeadLetter(record.headers)
  const json = recordJson(record)
  return letter ? `${json.slice(0, -1)},"deadLetter":${JSON.stringify(letter)}}` : json
}

async function exists(read: () => Promise<unknown>): Promise<boolean> {
  try {
    await read()
    return true
  } catch (error) {
    if (isMillraceError(error, 'LOG_UNKNOWN_TOPIC')) return false
    throw error
  }
}

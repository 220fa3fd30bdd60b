/**
 * GET /v1/topics/{topic}/records?partition=0&offset=0&limit=100
 *
 * - `partition` (query, default 0)
 * - `offset` (query, default: the earliest): first offset to read
 * - `limit` (query, default 100): 1 to the page limit
 *
 * With `Accept: application/x-ndjson` the records come one a line and `next` is the header `millrace-next`.
 *
 * 200 · 404 no such topic or partition · 422 the offset is not in the partition
 *
 * `{"topic":"ratings","partition":0,"earliest":0,"end":2,"records":[{"partition":0,"offset":0,"timestamp":"…","key":"1","value":{"userId":1},"valueEncoding":"json","headers":[{"key":"ce_id","value":"…"}]}],"next":1}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { readPage } from '../../record-page.ts'
import { pageLimit, topicName, wholeNumber } from '../../schemas/input.ts'
import { recordsAnswer } from '../../schemas/topic-schemas.ts'

export const listRecords = defineRoute({
  method: 'GET',
  path: '/v1/topics/:topic/records',
  tag: 'topics',
  summary: 'Read a range of records',
  params: z.strictObject({ topic: topicName }),
  query: z.strictObject({
    partition: wholeNumber({ max: 999 }).default(0),
    offset: wholeNumber().optional(),
    limit: pageLimit,
  }),
  answer: recordsAnswer,
  answerType: 'application/json; charset=utf-8',
  problems: [404],
  handler: ({ params, query, signal }, { app, reply }) =>
    readPage({ topic: params.topic, ...query, signal }, app, reply),
})

/**
 * GET /v1/items/newest
 *
 * Items that came last: the score is when an item was first described or had, milliseconds since 1970.
 *
 * - `limit` (query, 1 to 1,000, default 10), `cursor`, `exclude`, `allow`, `filter`, `boost`, `diversity`,
 *   `explore`, `scenario`, `trace`, `model`
 *
 * 200 · 404 the app has no recommender
 *
 * `{"model":"movies","source":"newest","items":[{"item":"318","score":312,"source":"newest"}],"next":"AQ…"}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { recommenderOf, setListHeaders } from '../../recommender-answer.ts'
import { listAnswer, plainListQuery } from '../../schemas/recommendation-schemas.ts'

export const listNewestItems = defineRoute({
  method: 'GET',
  path: '/v1/items/newest',
  tag: 'items',
  summary: 'Newest items',
  query: z.strictObject(plainListQuery),
  answer: listAnswer,
  problems: [404],
  handler: async ({ query: { model, ...rules } }, { app, reply }) => {
    const answer = await app.recommendations.list(recommenderOf(app, model), 'newest', rules)
    setListHeaders(reply, answer)
    return answer
  },
})

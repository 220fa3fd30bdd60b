/**
 * GET /v1/items/popular
 *
 * Items that most users have: the score is their number.
 *
 * - `limit` (query, 1 to 1,000, default 10), `cursor`, `exclude`, `allow`, `filter`, `boost`, `diversity`,
 *   `explore`, `scenario`, `trace`, `model`
 *
 * 200 · 404 the app has no recommender
 *
 * `{"model":"movies","source":"popular","items":[{"item":"318","score":312,"source":"popular"}],"next":"AQ…"}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { recommenderOf, setListHeaders } from '../../recommender-answer.ts'
import { listAnswer, plainListQuery } from '../../schemas/recommendation-schemas.ts'

export const listPopularItems = defineRoute({
  method: 'GET',
  path: '/v1/items/popular',
  tag: 'items',
  summary: 'Popular items',
  query: z.strictObject(plainListQuery),
  answer: listAnswer,
  problems: [404],
  handler: async ({ query: { model, ...rules } }, { app, reply }) => {
    const answer = await app.recommendations.list(recommenderOf(app, model), 'popular', rules)
    setListHeaders(reply, answer)
    return answer
  },
})

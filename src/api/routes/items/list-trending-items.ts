/**
 * GET /v1/items/trending
 *
 * Items that users have now: the score is Σ over an item's users of 2^(−age / halfLife), the age counted back from the newest event.
 *
 * - `limit` (query, 1 to 1,000, default 10), `cursor`, `exclude`, `allow`, `filter`, `boost`, `diversity`,
 *   `explore`, `scenario`, `trace`, `model`
 * - `halfLife` (query, default 7d): 30m, 12h, 1d
 *
 * 200 · 404 the app has no recommender · 422 `halfLife` is no duration
 *
 * `{"model":"movies","source":"trending","items":[{"item":"318","score":312,"source":"trending"}],"next":"AQ…"}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { recommenderOf, setListHeaders } from '../../recommender-answer.ts'
import { listAnswer, plainListQuery, halfLife } from '../../schemas/recommendation-schemas.ts'

export const listTrendingItems = defineRoute({
  method: 'GET',
  path: '/v1/items/trending',
  tag: 'items',
  summary: 'Trending items',
  query: z.strictObject({ ...plainListQuery, halfLife }),
  answer: listAnswer,
  problems: [404],
  handler: async ({ query: { model, halfLife: halfLifeMs, ...rules } }, { app, reply }) => {
    const answer = await app.recommendations.list(recommenderOf(app, model), 'trending', {
      ...rules,
      halfLifeMs,
    })
    setListHeaders(reply, answer)
    return answer
  },
})

/**
 * GET /v1/items/representative
 *
 * Popular items that are unlike each other, so that a few of them stand for the catalogue: the most popular ones, each
 * weighed against its likeness to those before (`diversity`).
 *
 * - `limit` (query, 1 to 1,000, default 10), `diversity` (default 0.5), and all else as in GET /v1/items/popular
 *
 * 200; before the first version nothing is known of likeness, and the answer says so · 404 the app has no recommender
 *
 * `{"model":"movies","version":3,"source":"popular","items":[{"item":"318","score":312,"source":"popular"}],"next":"AQ…"}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { recommenderOf, setListHeaders } from '../../recommender-answer.ts'
import { listAnswer, plainListQuery } from '../../schemas/recommendation-schemas.ts'

const DIVERSITY = 0.5

export const listRepresentativeItems = defineRoute({
  method: 'GET',
  path: '/v1/items/representative',
  tag: 'items',
  summary: 'Popular items that are unlike each other',
  query: z.strictObject(plainListQuery),
  answer: listAnswer,
  problems: [404],
  handler: async ({ query: { model, ...rules } }, { app, reply }) => {
    const { diversity = DIVERSITY } = rules
    const asked = { ...rules, diversity }
    const answer = await app.recommendations.list(recommenderOf(app, model), 'popular', asked)
    setListHeaders(reply, answer)
    return answer
  },
})

/**
 * GET /v1/users/{user}/known-items
 *
 * What a user has, newest first; empty for a user never seen.
 *
 * - `user` (path); `limit` (query, default 100), `offset` (default 0), `model`
 *
 * 200 · 404 the app has no recommender
 *
 * `{"user":"42","total":71,"items":[{"item":"318","value":5,"time":1537799250000,"attributes":{"title":"…"}}]}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { recommenderOf } from '../../recommender-answer.ts'
import { pageLimit, wholeNumber } from '../../schemas/input.ts'
import { knownItem, recommenderRef, userId } from '../../schemas/recommendation-schemas.ts'

export const listKnownItems = defineRoute({
  method: 'GET',
  path: '/v1/users/:user/known-items',
  tag: 'users',
  summary: 'What a user has',
  params: z.strictObject({ user: userId }),
  query: z.strictObject({
    model: recommenderRef,
    limit: pageLimit,
    offset: wholeNumber().default(0),
  }),
  answer: z.object({
    user: z.string(),
    total: z.int(),
    items: z.array(knownItem),
  }),
  problems: [404],
  handler: async ({ params: { user }, query: { model, limit, offset } }, { app }) => {
    const known = await app.recommendations.knownItems(recommenderOf(app, model), user)
    return { user, total: known.length, items: known.slice(offset, offset + limit) }
  },
})

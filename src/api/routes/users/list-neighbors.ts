/**
 * GET /v1/users/{user}/neighbors
 *
 * Users who have much of the same: items that both have / √(items of one · items of the other), most alike first; of a user
 * with many items, the newest 200 count. Empty for a user never seen.
 *
 * - `user` (path); `limit` (query, 1 to 1,000, default 10), `model`
 *
 * 200 · 404 the app has no recommender
 *
 * `{"user":"42","neighbors":[{"user":"7","score":0.41,"shared":23}]}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { recommenderOf } from '../../recommender-answer.ts'
import { listLimit, recommenderRef, userId } from '../../schemas/recommendation-schemas.ts'

export const listNeighbors = defineRoute({
  method: 'GET',
  path: '/v1/users/:user/neighbors',
  tag: 'users',
  summary: 'Users like this one',
  params: z.strictObject({ user: userId }),
  query: z.strictObject({ model: recommenderRef, limit: listLimit }),
  answer: z.object({
    user: z.string(),
    neighbors: z.array(z.object({ user: z.string(), score: z.number(), shared: z.int() })),
  }),
  problems: [404],
  handler: ({ params: { user }, query: { model, limit } }, { app }) => ({
    user,
    neighbors: [...app.recommendations.neighbors(recommenderOf(app, model), user, limit)],
  }),
})

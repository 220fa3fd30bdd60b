/**
 * GET /v1/users/active
 *
 * Users by the number of items that they have, most first.
 *
 * - `limit` (query, 1 to 1,000, default 10), `model`
 *
 * 200 · 404 the app has no recommender
 *
 * `{"users":[{"user":"414","items":2698}]}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { recommenderOf } from '../../recommender-answer.ts'
import { listLimit, recommenderRef } from '../../schemas/recommendation-schemas.ts'

export const listActiveUsers = defineRoute({
  method: 'GET',
  path: '/v1/users/active',
  tag: 'users',
  summary: 'Most active users',
  query: z.strictObject({ model: recommenderRef, limit: listLimit }),
  answer: z.object({ users: z.array(z.object({ user: z.string(), items: z.int() })) }),
  problems: [404],
  handler: ({ query: { model, limit } }, { app }) => ({
    users: app.recommendations.mostActive(recommenderOf(app, model), limit),
  }),
})

/**
 * GET /v1/users
 *
 * All users, in the order in which their first events came.
 *
 * - `limit` (query, default 100), `offset` (default 0), `model`
 * - `search` (query): only ids that hold this, whatever the case
 *
 * 200 · 404 the app has no recommender
 *
 * `{"total":610,"users":[{"user":"42","items":71,"last":1537799250000}]}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { recommenderOf } from '../../recommender-answer.ts'
import { pageLimit, wholeNumber } from '../../schemas/input.ts'
import { recommenderRef, userAnswer } from '../../schemas/recommendation-schemas.ts'

export const listUsers = defineRoute({
  method: 'GET',
  path: '/v1/users',
  tag: 'users',
  summary: 'Users',
  query: z.strictObject({
    model: recommenderRef,
    limit: pageLimit,
    offset: wholeNumber().default(0),
    search: z.string().min(1).max(200).optional(),
  }),
  answer: z.object({ total: z.int(), users: z.array(userAnswer) }),
  problems: [404],
  handler: ({ query: { model, limit, offset, search } }, { app }) => {
    const name = recommenderOf(app, model)
    const all = app.recommendations.users(name)
    const wanted = search?.toLowerCase()
    const found =
      wanted === undefined ? all : all.filter((user) => user.toLowerCase().includes(wanted))
    const users = found
      .slice(offset, offset + limit)
      .flatMap((user) => app.recommendations.user(name, user) ?? [])
    return { total: found.length, users }
  },
})

/**
 * GET /v1/users/{user}
 *
 * How much is known of a user; `/known-items` of it says what.
 *
 * 200 · 404 no event names the user, or the app has no recommender
 *
 * `{"user":"42","items":71,"last":1537799250000}`
 */
import { z } from 'zod'
import { quote } from '../../../core/index.ts'
import { defineRoute } from '../../define-route.ts'
import { apiError } from '../../errors.ts'
import { recommenderOf } from '../../recommender-answer.ts'
import { recommenderRef, userAnswer, userId } from '../../schemas/recommendation-schemas.ts'

export const getUser = defineRoute({
  method: 'GET',
  path: '/v1/users/:user',
  tag: 'users',
  summary: 'One user',
  params: z.strictObject({ user: userId }),
  query: z.strictObject({ model: recommenderRef }),
  answer: userAnswer,
  problems: [404],
  handler: ({ params: { user }, query: { model } }, { app }) => {
    const found = app.recommendations.user(recommenderOf(app, model), user)
    if (found) return found
    throw apiError('API_UNKNOWN_RESOURCE', `no event names the user ${quote(user)}: check the id`)
  },
})

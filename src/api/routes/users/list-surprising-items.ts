/**
 * GET /v1/users/{user}/surprising
 *
 * Items that a user has and the model would not have expected: lowest score first.
 *
 * - `user` (path); `limit` (query, 1 to 1,000, default 10), `model`, `version`
 *
 * 200; a user of whom nothing is known gets an empty list that says so · 404 no such model or version · 503 no version serves yet
 *
 * `{"model":"movies","version":3,"user":"42","items":[{"item":"318","value":5,"time":1537799250000,"score":0.02}],"fallback":null}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { recommenderOf, setListHeaders } from '../../recommender-answer.ts'
import {
  askedVersion,
  listLimit,
  recommenderRef,
  surprisingAnswer,
  userId,
} from '../../schemas/recommendation-schemas.ts'

export const listSurprisingItems = defineRoute({
  method: 'GET',
  path: '/v1/users/:user/surprising',
  tag: 'users',
  summary: 'What is least like a user of what they have',
  params: z.strictObject({ user: userId }),
  query: z.strictObject({ model: recommenderRef, version: askedVersion, limit: listLimit }),
  answer: surprisingAnswer,
  problems: [404],
  handler: async ({ params: { user }, query: { model, version, limit } }, { app, reply }) => {
    const name = recommenderOf(app, model)
    const answer = await app.recommendations.surprising(name, user, limit, { version })
    setListHeaders(reply, answer)
    return answer
  },
})

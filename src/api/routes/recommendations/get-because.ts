/**
 * GET /v1/recommendations/{user}/because/{item}
 *
 * Which of the items that the user has speak for this one: the contributions and the base sum to the score.
 *
 * - `user`, `item` (path); `model`, `version` (query)
 * - `limit` (query, default 1,000): contributions of the answer; the sum is of all of them
 *
 * 200 · 404 nothing is known of the item, or no such model or version · 503 no version serves yet
 *
 * `{"model":"movies","version":3,"user":"42","item":"318","score":0.91,"base":0,"contributions":[{"item":"50","value":5,"contribution":0.21}],"fallback":null}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { recommenderOf, setListHeaders } from '../../recommender-answer.ts'
import { wholeNumber } from '../../schemas/input.ts'
import {
  askedVersion,
  becauseAnswer,
  itemId,
  recommenderRef,
  userId,
} from '../../schemas/recommendation-schemas.ts'

export const getBecause = defineRoute({
  method: 'GET',
  path: '/v1/recommendations/:user/because/:item',
  tag: 'recommendations',
  summary: 'Why an item is recommended',
  params: z.strictObject({ user: userId, item: itemId }),
  query: z.strictObject({
    model: recommenderRef,
    version: askedVersion,
    limit: wholeNumber({ min: 1, max: 10_000 }).default(1_000),
  }),
  answer: becauseAnswer,
  problems: [404],
  handler: async ({ params: { user, item }, query }, { app, reply }) => {
    const { model, version, limit } = query
    const name = recommenderOf(app, model)
    const answer = await app.recommendations.because(name, user, item, { version })
    setListHeaders(reply, answer)
    return { ...answer, contributions: answer.contributions.slice(0, limit) }
  },
})

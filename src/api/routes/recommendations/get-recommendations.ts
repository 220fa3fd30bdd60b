/**
 * GET /v1/recommendations/{user}
 *
 * A list for a user, from everything known of them until now. An unknown user is no error: what stands in is named.
 *
 * - `user` (path): id; `/` in it is written `%2F`
 * - `limit` (query, 1 to 1,000, default 10), `cursor`: `next` of the answer before
 * - `includeKnown` (default false): also what the user has
 * - `exclude`, `allow`: ids, may be repeated; `filter`, `boost`: expressions; `diversity`: 0 to 1
 * - `explore`: 0 to 1, the share of places given to any candidate, each with its propensity; `scenario`: rules of the app
 * - `coldStart` (default `chain`): `error` is 404 for a user of whom the model knows nothing
 * - `trace` (default false): how the list came about
 * - `model`, `version`: default the first recommender, `champion`
 *
 * 200 with headers `x-model-version` and `x-data-as-of` · 400 bad expression, with its position · 404 no such model or version
 * · 422 a parameter is wrong
 *
 * `{"recommendationId":"…","model":"movies","version":3,"dataAsOf":1537799250000,"source":"fold-in","fallback":null,"items":[{"item":"318","score":0.91,"source":"fold-in"}],"next":"AQ…"}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { recommenderOf, setListHeaders } from '../../recommender-answer.ts'
import { flag } from '../../schemas/input.ts'
import { coldStart, listAnswer, listQuery, userId } from '../../schemas/recommendation-schemas.ts'

export const getRecommendations = defineRoute({
  method: 'GET',
  path: '/v1/recommendations/:user',
  tag: 'recommendations',
  summary: 'A list for a user',
  params: z.strictObject({ user: userId }),
  query: z.strictObject({
    ...listQuery,
    includeKnown: flag.describe('Also what the user has'),
    coldStart,
  }),
  answer: listAnswer,
  problems: [404],
  handler: async ({ params, query }, { app, reply }) => {
    const { model, version, ...rules } = query
    const name = recommenderOf(app, model)
    const answer = await app.recommendations.recommend(name, params, rules, { version })
    setListHeaders(reply, answer)
    return answer
  },
})

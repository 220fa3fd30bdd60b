/**
 * POST /v1/recommendations
 *
 * A list for a user, for somebody of whom only a basket or session is known (`context`), for a user in a context, or for a
 * group (`users`, joined by `mean` or `least-misery`). Nothing of a context is kept.
 *
 * - body: `user`, `context` or `users`; then as in GET /v1/recommendations/{user}
 *
 * 200 with headers `x-model-version` and `x-data-as-of` · 400 bad expression · 404 no such model or version · 422 a field is wrong
 *
 * `{"context":[{"item":"1"},{"item":"2","value":5}],"limit":5}` → `{"recommendationId":"…","source":"fold-in","items":[…]}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { recommenderOf, setListHeaders } from '../../recommender-answer.ts'
import { coldStart, listAnswer, listBody, whoBody } from '../../schemas/recommendation-schemas.ts'
import { whoOf } from '../../who.ts'

export const postRecommendations = defineRoute({
  method: 'POST',
  path: '/v1/recommendations',
  tag: 'recommendations',
  summary: 'A list for a basket, a session or a group',
  body: z.strictObject({ ...whoBody, ...listBody, coldStart }),
  answer: listAnswer,
  problems: [404],
  handler: async ({ body }, { app, reply }) => {
    const { model, version, user, users, strategy, context, ...rules } = body
    const name = recommenderOf(app, model)
    const who = whoOf({ user, users, strategy, context })
    const answer = await app.recommendations.recommend(name, who, rules, { version })
    setListHeaders(reply, answer)
    return answer
  },
})

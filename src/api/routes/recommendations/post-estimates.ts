/**
 * POST /v1/estimates
 *
 * The scores of named items for a user, a context or a group: what they would be ranked by.
 *
 * - body: `user`, `context` or `users`; `items` (1 to 1,000 ids); `model`, `version`
 *
 * 200; an item or user that the model does not know has score null and says so · 404 no such model or version · 503 no version
 * serves yet
 *
 * `{"user":"42","items":["318","50"]}` → `{"model":"movies","version":3,"estimates":[{"item":"318","score":0.91,"isKnown":false,"fallback":null}]}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { recommenderOf, setListHeaders } from '../../recommender-answer.ts'
import { estimatesAnswer, itemId, listBody, whoBody } from '../../schemas/recommendation-schemas.ts'
import { whoOf } from '../../who.ts'

export const postEstimates = defineRoute({
  method: 'POST',
  path: '/v1/estimates',
  tag: 'recommendations',
  summary: 'Scores of named items',
  body: z.strictObject({
    ...whoBody,
    items: z.array(itemId).min(1).max(1_000),
    model: listBody.model,
    version: listBody.version,
  }),
  answer: estimatesAnswer,
  problems: [404],
  handler: async ({ body }, { app, reply }) => {
    const { model, version, items, ...fields } = body
    const name = recommenderOf(app, model)
    const answer = await app.recommendations.estimate(name, whoOf(fields), items, { version })
    setListHeaders(reply, answer)
    return answer
  },
})

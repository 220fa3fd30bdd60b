/**
 * GET /v1/items/{item}/similar
 *
 * Items like this one, never itself; rules as in GET /v1/recommendations/{user}.
 *
 * 200; an item that came after the training gets what stands in, named · 404 nothing is known of the item
 *
 * `{"model":"movies","version":3,"source":"model","items":[{"item":"50","score":0.61,"source":"model"}],"next":"AQ…"}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { recommenderOf, setListHeaders } from '../../recommender-answer.ts'
import { itemId, listAnswer, listQuery } from '../../schemas/recommendation-schemas.ts'

export const listSimilarItems = defineRoute({
  method: 'GET',
  path: '/v1/items/:item/similar',
  tag: 'items',
  summary: 'Items like this one',
  params: z.strictObject({ item: itemId }),
  query: z.strictObject(listQuery),
  answer: listAnswer,
  problems: [404],
  handler: async ({ params: { item }, query }, { app, reply }) => {
    const { model, version, ...rules } = query
    const name = recommenderOf(app, model)
    const answer = await app.recommendations.similar(name, [item], rules, { version })
    setListHeaders(reply, answer)
    return answer
  },
})

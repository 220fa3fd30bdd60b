/**
 * POST /v1/items/similarity
 *
 * Items like several ones (the mean of the similarities), or, with `to`, how like them a few named items are.
 *
 * - body: `items` (1 to 100 ids), `to` (ids to compare with; the list then has only these); rules as in POST /v1/recommendations
 *
 * 200 · 404 nothing is known of an item
 *
 * `{"items":["318","50"],"to":["47"]}` → `{"model":"movies","version":3,"items":[{"item":"47","score":0.4,"source":"model"}]}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { recommenderOf, setListHeaders } from '../../recommender-answer.ts'
import { itemId, listAnswer, listBody } from '../../schemas/recommendation-schemas.ts'

const { includeKnown: _, ...rulesBody } = listBody

export const postSimilarity = defineRoute({
  method: 'POST',
  path: '/v1/items/similarity',
  tag: 'items',
  summary: 'Items like several ones',
  body: z.strictObject({
    items: z.array(itemId).min(1).max(100),
    to: z.array(itemId).min(1).max(1_000).optional(),
    ...rulesBody,
  }),
  answer: listAnswer,
  problems: [404],
  handler: async ({ body }, { app, reply }) => {
    const { model, version, items, to, ...rules } = body
    const name = recommenderOf(app, model)
    const allow = to ?? rules.allow
    const answer = await app.recommendations.similar(name, items, { ...rules, allow }, { version })
    setListHeaders(reply, answer)
    return answer
  },
})

/**
 * GET /v1/items/{item}/users
 *
 * Users most likely to want an item; those who have it are left out.
 *
 * - `item` (path); `limit` (query, 1 to 1,000, default 10), `model`, `version`
 *
 * 200 · 404 nothing is known of the item · 503 no version serves yet
 *
 * `{"model":"movies","version":3,"item":"318","users":[{"user":"42","score":0.91}],"fallback":null}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { recommenderOf, setListHeaders } from '../../recommender-answer.ts'
import {
  askedVersion,
  itemId,
  listLimit,
  recommenderRef,
  usersAnswer,
} from '../../schemas/recommendation-schemas.ts'

export const listItemUsers = defineRoute({
  method: 'GET',
  path: '/v1/items/:item/users',
  tag: 'items',
  summary: 'Users for an item',
  params: z.strictObject({ item: itemId }),
  query: z.strictObject({ model: recommenderRef, version: askedVersion, limit: listLimit }),
  answer: usersAnswer,
  problems: [404],
  handler: async ({ params: { item }, query: { model, version, limit } }, { app, reply }) => {
    const name = recommenderOf(app, model)
    const answer = await app.recommendations.usersForItem(name, item, limit, { version })
    setListHeaders(reply, answer)
    return answer
  },
})

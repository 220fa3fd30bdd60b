/**
 * GET /v1/items/{item}
 *
 * The catalogue entry of an item, and how many have it.
 *
 * 200 · 404 neither an event nor the catalogue names it
 *
 * `{"item":"1","attributes":{"title":"Toy Story (1995)"},"users":215,"first":829322340000,"last":1535710133000}`
 */
import { z } from 'zod'
import { quote } from '../../../core/index.ts'
import { defineRoute } from '../../define-route.ts'
import { apiError } from '../../errors.ts'
import { recommenderOf } from '../../recommender-answer.ts'
import { itemAnswer, itemId, recommenderRef } from '../../schemas/recommendation-schemas.ts'

export const getItem = defineRoute({
  method: 'GET',
  path: '/v1/items/:item',
  tag: 'items',
  summary: 'One item',
  params: z.strictObject({ item: itemId }),
  query: z.strictObject({ model: recommenderRef }),
  answer: itemAnswer,
  problems: [404],
  handler: ({ params: { item }, query: { model } }, { app }) => {
    const found = app.recommendations.item(recommenderOf(app, model), item)
    if (found) return found
    throw apiError(
      'API_UNKNOWN_RESOURCE',
      `no event and no catalogue entry names the item ${quote(item)}: check the id`,
    )
  },
})

/**
 * DELETE /v1/items/{item}
 *
 * Sets `hidden` of the entry: no list holds the item from then on. Its events, and what models learned, stay.
 *
 * - `item` (path); `model` (query): whose catalogue, default the first recommender's
 *
 * 200 it is durable, and acts on lists at once · 404 no such recommender · 409 it has no catalogue, or none with a column `hidden`
 *
 * `{"item":"42","partition":0,"offset":17}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { recommenderOf } from '../../recommender-answer.ts'
import { itemId, recommenderRef, writtenItem } from '../../schemas/recommendation-schemas.ts'

export const hideItem = defineRoute({
  method: 'DELETE',
  path: '/v1/items/:item',
  tag: 'items',
  summary: 'Take an item out of all lists',
  params: z.strictObject({ item: itemId }),
  query: z.strictObject({ model: recommenderRef }),
  answer: writtenItem,
  problems: [404, 409],
  handler: ({ params: { item }, query: { model } }, { app }) =>
    app.items.hide(recommenderOf(app, model), item),
})

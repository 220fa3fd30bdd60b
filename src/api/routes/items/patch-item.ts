/**
 * PATCH /v1/items/{item}
 *
 * These attributes over those that the entry has; null takes one away.
 *
 * - `item` (path); `model` (query): whose catalogue, default the first recommender's
 * - body: the attributes, by column of the catalogue's topic
 *
 * 200 it is durable, and acts on lists at once · 404 no such recommender · 409 it has no catalogue · 422 the schema refuses
 *
 * `{"item":"42","partition":0,"offset":17}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { recommenderOf } from '../../recommender-answer.ts'
import { itemId, recommenderRef, writtenItem } from '../../schemas/recommendation-schemas.ts'

export const patchItem = defineRoute({
  method: 'PATCH',
  path: '/v1/items/:item',
  tag: 'items',
  summary: 'Change what is said of an item',
  params: z.strictObject({ item: itemId }),
  query: z.strictObject({ model: recommenderRef }),
  body: z.record(z.string(), z.unknown()),
  answer: writtenItem,
  problems: [404, 409],
  handler: ({ params: { item }, query: { model }, body }, { app }) =>
    app.items.patch(recommenderOf(app, model), item, body),
})

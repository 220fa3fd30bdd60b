/**
 * GET /v1/items
 *
 * All items: the catalogue in the order in which they were first described, then those that only events name.
 *
 * - `limit` (query, default 100), `offset` (default 0), `model`
 * - `search` (query): only items of which a text attribute or the id holds this, whatever the case
 *
 * 200 · 404 the app has no recommender
 *
 * `{"total":9742,"items":[{"item":"1","attributes":{"title":"Toy Story (1995)"},"users":215,"first":829322340000,"last":1535710133000}]}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { recommenderOf } from '../../recommender-answer.ts'
import { pageLimit, wholeNumber } from '../../schemas/input.ts'
import { itemAnswer, recommenderRef } from '../../schemas/recommendation-schemas.ts'

export const listItems = defineRoute({
  method: 'GET',
  path: '/v1/items',
  tag: 'items',
  summary: 'Items',
  query: z.strictObject({
    model: recommenderRef,
    limit: pageLimit,
    offset: wholeNumber().default(0),
    search: z.string().min(1).max(200).optional(),
  }),
  answer: z.object({ total: z.int(), items: z.array(itemAnswer) }),
  problems: [404],
  handler: ({ query: { model, limit, offset, search } }, { app }) => {
    const name = recommenderOf(app, model)
    const { recommendations } = app
    const wanted = search?.toLowerCase()
    const isWanted = (item: string): boolean =>
      wanted === undefined ||
      [item, ...Object.values(recommendations.item(name, item)?.attributes ?? {})].some(
        (value) => typeof value === 'string' && value.toLowerCase().includes(wanted),
      )
    const found = recommendations.items(name).filter(isWanted)
    const page = found.slice(offset, offset + limit)
    return {
      total: found.length,
      items: page.flatMap((item) => recommendations.item(name, item) ?? []),
    }
  },
})

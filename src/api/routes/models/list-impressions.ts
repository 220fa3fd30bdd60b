/**
 * GET /v1/models/{model}/impressions
 *
 * What became of a recommender's lists: places that were shown, those whose item an event with the list's `recommendationId`
 * names, and the share (CTR). Over the whole history, and everything acknowledged so far.
 *
 * - `model` (path); `by` (query, default version, position and source; may be repeated): version, position, source, scenario
 *
 * 200 · 404 no such recommender · 409 it does not declare `attribution`
 *
 * `{"model":"movies","counts":[{"group":{"version":3,"position":1,"source":"fold-in"},"impressions":812,"answered":97,"rate":0.119}]}`
 */
import { z } from 'zod'
import { countImpressions, impressionGroups } from '../../../app/index.ts'
import { defineRoute } from '../../define-route.ts'
import { apiError } from '../../errors.ts'
import { recommenderOf } from '../../recommender-answer.ts'
import { modelName } from '../../schemas/input.ts'

const group = z.enum(impressionGroups)
const DEFAULT_GROUPS = ['version', 'position', 'source'] as const

export const listImpressions = defineRoute({
  method: 'GET',
  path: '/v1/models/:model/impressions',
  tag: 'models',
  summary: 'What became of a recommender’s lists',
  params: z.strictObject({ model: modelName }),
  query: z.strictObject({
    by: z
      .union([group, z.array(group).min(1).max(4)])
      .transform((given) => [...new Set([given].flat())])
      .default([...DEFAULT_GROUPS]),
  }),
  answer: z.object({
    model: z.string(),
    counts: z.array(
      z.object({
        group: z.partialRecord(group, z.union([z.string(), z.number(), z.null()])),
        impressions: z.int(),
        answered: z.int(),
        rate: z.number(),
      }),
    ),
  }),
  problems: [404, 409],
  handler: async ({ params, query: { by } }, { app }) => {
    const model = recommenderOf(app, params.model)
    const spec = app.models.get(model)
    const definition = app.definition.models?.[model]
    const attribution = definition?.task === 'recommender' ? definition.attribution : undefined
    if (!spec?.interactions || attribution === undefined) {
      throw apiError(
        'API_NO_ATTRIBUTION',
        `${model} does not say by what its lists are answered: declare attribution: '<column with the recommendationId>'`,
      )
    }
    const events = {
      table: spec.table,
      item: spec.interactions.item,
      recommendationId: attribution,
    }
    return { model, counts: await countImpressions(app.query, model, events, by) }
  },
})

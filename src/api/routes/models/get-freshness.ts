/**
 * GET /v1/models/{model}/freshness
 *
 * Of a recommender: how far its histories are behind the log, how many items came after its training, and, measured at the
 * newest swap, how far folded-in scores were from those of the training that followed.
 *
 * 200 · 404 no such recommender
 *
 * `{"model":"movies","version":3,"dataAsOf":1537799250000,"lagRecords":0,"users":610,"items":9724,"pairs":100836,"newItems":12,"gap":{"from":2,"to":3,"users":200,"meanScoreGap":0.04,"overlapAt10":0.9}}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { recommenderOf } from '../../recommender-answer.ts'
import { modelName } from '../../schemas/input.ts'

export const getFreshness = defineRoute({
  method: 'GET',
  path: '/v1/models/:model/freshness',
  tag: 'models',
  summary: 'How fresh a recommender is',
  params: z.strictObject({ model: modelName }),
  answer: z.object({
    model: z.string(),
    version: z.int().nullable(),
    digest: z.string().nullable(),
    dataAsOf: z.number().nullable(),
    lagRecords: z.int(),
    users: z.int(),
    items: z.int(),
    pairs: z.int(),
    newItems: z.int(),
    gap: z
      .object({
        from: z.int(),
        to: z.int(),
        users: z.int(),
        meanScoreGap: z.number(),
        overlapAt10: z.number(),
      })
      .nullable()
      .describe('Between folded and retrained scores; null before the second version'),
  }),
  problems: [404],
  handler: ({ params: { model } }, { app }) =>
    app.recommendations.freshness(recommenderOf(app, model)),
})

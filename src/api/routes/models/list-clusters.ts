/**
 * GET /v1/models/{model}/clusters?version=champion
 *
 * - `version` (query, default `champion`): a number or an alias
 *
 * 200 · 404 · 409 the model has no clusters · 503 no version serves yet
 *
 * `{"model":"segments","version":2,"clusters":[{"id":0,"label":"high user_ratings, low user_mean","size":120,"share":0.2,"centroid":{"user_ratings":310.5,"user_mean":3.1}}]}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { apiError } from '../../errors.ts'
import { declaredModel, versionOf } from '../../model-answer.ts'
import { modelName, versionRef } from '../../schemas/input.ts'

export const listClusters = defineRoute({
  method: 'GET',
  path: '/v1/models/:model/clusters',
  tag: 'models',
  summary: 'Clusters with size, share and centroid',
  params: z.strictObject({ model: modelName }),
  query: z.strictObject({ version: versionRef.default('champion') }),
  answer: z.object({
    model: z.string(),
    version: z.int(),
    clusters: z.array(
      z.object({
        id: z.int().describe('Stable over versions'),
        label: z.string(),
        size: z.int(),
        share: z.number(),
        centroid: z.record(z.string(), z.number()).describe('In the original units'),
      }),
    ),
  }),
  problems: [404, 409],
  handler: async ({ params: { model }, query }, { app }) => {
    const spec = declaredModel(app, model)
    if (spec.task !== 'clusterer') {
      throw apiError(
        'API_NO_CLUSTERS',
        `model ${model} is a ${spec.task} and has no clusters: ask a clusterer`,
      )
    }
    const { version } = versionOf(app, model, query.version)
    return { model, version, clusters: await app.serving.profiles(model, version) }
  },
})

/**
 * GET /v1/models/{model}/versions/{version}/metrics
 *
 * 200 · 404
 *
 * `{"model":"like","version":7,"reports":[{"split":"random","rows":2000,"metrics":{"auc":0.78},"baseline":{"auc":0.5}}],"gate":{"passed":true,"reason":"…","checks":[…]}}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { versionOf } from '../../model-answer.ts'
import { modelName, versionRef } from '../../schemas/input.ts'
import { gateSchema, reportSchema } from '../../schemas/model-schemas.ts'

export const getVersionMetrics = defineRoute({
  method: 'GET',
  path: '/v1/models/:model/versions/:version/metrics',
  tag: 'models',
  summary: 'Metrics of a version beside its baseline',
  params: z.strictObject({ model: modelName, version: versionRef }),
  answer: z.object({
    model: z.string(),
    version: z.int(),
    reports: z.array(reportSchema),
    gate: gateSchema,
  }),
  problems: [404],
  handler: ({ params }, { app }) => {
    const { model, version, reports, gate } = versionOf(app, params.model, params.version)
    return { model, version, reports, gate }
  },
})

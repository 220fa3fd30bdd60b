/**
 * GET /v1/models/{model}/versions?limit=100
 *
 * - `limit` (query, default 100): the newest so many, oldest of them first
 *
 * 200 · 404
 *
 * `{"versions":[{"model":"like","version":1,"status":"accepted","aliases":["champion"],"kind":"logistic","task":"classifier","set":{"scheme":"cumulative","part":1,"of":3},"rows":33000,"reports":[{"split":"time","rows":6600,"metrics":{"auc":0.76},"baseline":{"auc":0.5}}],"gate":{"passed":true,"reason":"…","checks":[]},"createdAt":"…","durationMs":420,"digest":"…"}]}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { versionsOf, versionSummary } from '../../model-answer.ts'
import { modelName, pageLimit } from '../../schemas/input.ts'
import { versionSummarySchema } from '../../schemas/model-schemas.ts'

export const listVersions = defineRoute({
  method: 'GET',
  path: '/v1/models/:model/versions',
  tag: 'models',
  summary: 'Versions of a model with their metrics',
  params: z.strictObject({ model: modelName }),
  query: z.strictObject({ limit: pageLimit }),
  answer: z.object({ versions: z.array(versionSummarySchema) }),
  problems: [404],
  handler: ({ params, query }, { app }) => ({
    versions: versionsOf(app, params.model)
      .slice(-query.limit)
      .map((version) => versionSummary(version, app)),
  }),
})

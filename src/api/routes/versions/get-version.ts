/**
 * GET /v1/models/{model}/versions/{version}
 *
 * - `version` (path): a number or an alias
 *
 * 200 · 404
 *
 * `{"model":"like","version":7,"status":"accepted",…,"params":{"l2":1},"lineage":{"table":"ratings","batches":[1,10],"ranges":[{"partition":0,"first":0,"last":9999}],"files":[{"name":"…","sha256":"…"}],"rows":10000,"seed":1,"codeVersion":"0.1.0","spec":{…},"trigger":"batches","dataAsOf":1537799250},"bytes":2048}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { versionAnswer, versionOf } from '../../model-answer.ts'
import { modelName, versionRef } from '../../schemas/input.ts'
import { versionSchema } from '../../schemas/model-schemas.ts'

export const getVersion = defineRoute({
  method: 'GET',
  path: '/v1/models/:model/versions/:version',
  tag: 'models',
  summary: 'One version with its lineage',
  params: z.strictObject({ model: modelName, version: versionRef }),
  answer: versionSchema,
  problems: [404],
  handler: ({ params: { model, version } }, { app }) =>
    versionAnswer(versionOf(app, model, version), app),
})

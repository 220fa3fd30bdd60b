/**
 * GET /v1/models/{model}
 *
 * 200 · 404
 *
 * `{"name":"like","task":"classifier",…,"waiting":"like needs 100 labelled events, has 37","spec":{"label":"rating >= 4.0",…}}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { declaredModel, modelAnswer } from '../../model-answer.ts'
import { modelName } from '../../schemas/input.ts'
import { modelSchema } from '../../schemas/model-schemas.ts'

export const getModel = defineRoute({
  method: 'GET',
  path: '/v1/models/:model',
  tag: 'models',
  summary: 'One model: declaration and what serves',
  params: z.strictObject({ model: modelName }),
  answer: modelSchema.extend({ spec: z.record(z.string(), z.unknown()) }),
  problems: [404],
  handler: ({ params }, { app }) => {
    const spec = declaredModel(app, params.model)
    return { ...modelAnswer(spec, app), spec: { ...spec } }
  },
})

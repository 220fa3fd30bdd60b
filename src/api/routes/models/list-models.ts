/**
 * GET /v1/models
 *
 * 200
 *
 * `{"models":[{"name":"like","task":"classifier","kind":"logistic","table":"ratings","versions":3,"champion":3,"aliases":{"champion":3},"live":{"version":3,"digest":"…","loadedAt":"…"},"waiting":null}]}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { modelAnswer } from '../../model-answer.ts'
import { modelSchema } from '../../schemas/model-schemas.ts'

export const listModels = defineRoute({
  method: 'GET',
  path: '/v1/models',
  tag: 'models',
  summary: 'All models with what serves',
  answer: z.object({ models: z.array(modelSchema) }),
  handler: (_request, { app }) => ({
    models: [...app.models.values()].map((spec) => modelAnswer(spec, app)),
  }),
})

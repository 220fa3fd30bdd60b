/**
 * DELETE /v1/models/{model}/aliases/{alias}
 *
 * 204 · 404 · 409 `champion` is what serves and stays
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { apiError } from '../../errors.ts'
import { versionOf } from '../../model-answer.ts'
import { aliasName, modelName } from '../../schemas/input.ts'

export const removeAlias = defineRoute({
  method: 'DELETE',
  path: '/v1/models/:model/aliases/:alias',
  tag: 'models',
  summary: 'Remove an alias',
  params: z.strictObject({ model: modelName, alias: aliasName }),
  answer: z.undefined(),
  status: 204,
  problems: [404, 409],
  handler: async ({ params: { model, alias } }, { app, reply }) => {
    versionOf(app, model, alias)
    if (alias === 'champion') {
      throw apiError(
        'API_ALIAS_IN_USE',
        `champion is what serves of ${model}: promote another version or roll back instead`,
      )
    }
    await app.registry.removeAlias(model, alias, { by: 'rest', reason: 'by hand' })
    return reply.send()
  },
})

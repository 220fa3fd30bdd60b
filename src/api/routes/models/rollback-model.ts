/**
 * POST /v1/models/{model}/rollback
 *
 * Back to the version that served before.
 *
 * - `reason` (body, default `by hand`), `by` (body, default `rest`): kept in the history
 *
 * 200 the change · 404 · 409 there is no earlier version
 *
 * `{"model":"like","at":"…","action":"rolled-back","version":2,"previous":3,"by":"rest","reason":"by hand"}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { versionOf } from '../../model-answer.ts'
import { actor, modelName, reason } from '../../schemas/input.ts'
import { historySchema } from '../../schemas/model-schemas.ts'

export const rollbackModel = defineRoute({
  method: 'POST',
  path: '/v1/models/:model/rollback',
  tag: 'models',
  summary: 'Go back to the version before',
  params: z.strictObject({ model: modelName }),
  body: z.strictObject({ reason: reason.default('by hand'), by: actor.default('rest') }),
  answer: historySchema,
  problems: [404, 409],
  handler: async ({ params: { model }, body }, { app }) => {
    versionOf(app, model, 'champion')
    const entry = await app.registry.rollback(model, body)
    await app.serving.settled()
    return entry
  },
})

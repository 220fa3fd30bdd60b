/**
 * POST /v1/models/{model}/promote
 *
 * - `version` (body, required)
 * - `reason` (body, default `by hand`), `by` (body, default `rest`): kept in the history
 *
 * 200 the change · 404 no such model or version · 409 the gate rejected the version
 *
 * `{"model":"like","at":"…","action":"promoted","version":2,"previous":3,"by":"rest","reason":"by hand"}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { versionOf } from '../../model-answer.ts'
import { actor, modelName, reason } from '../../schemas/input.ts'
import { historySchema } from '../../schemas/model-schemas.ts'

export const promoteVersion = defineRoute({
  method: 'POST',
  path: '/v1/models/:model/promote',
  tag: 'models',
  summary: 'Let a version serve',
  params: z.strictObject({ model: modelName }),
  body: z.strictObject({
    version: z.int().min(1),
    reason: reason.default('by hand'),
    by: actor.default('rest'),
  }),
  answer: historySchema,
  problems: [404, 409],
  handler: async ({ params: { model }, body: { version, ...audit } }, { app }) => {
    versionOf(app, model, version)
    const entry = await app.registry.promote(model, version, audit)
    await app.serving.settled()
    return entry
  },
})

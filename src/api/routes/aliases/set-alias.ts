/**
 * PUT /v1/models/{model}/aliases/{alias}
 *
 * - `version` (body, required)
 * - `reason` (body, default `by hand`), `by` (body, default `rest`): kept in the history
 *
 * 200 · 404 · 409 the gate rejected the version. `champion` is what serves: setting it is a promotion.
 *
 * `{"model":"like","alias":"challenger","version":4}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { versionOf } from '../../model-answer.ts'
import { actor, aliasName, modelName, reason } from '../../schemas/input.ts'

export const setAlias = defineRoute({
  method: 'PUT',
  path: '/v1/models/:model/aliases/:alias',
  tag: 'models',
  summary: 'Point an alias to a version',
  params: z.strictObject({ model: modelName, alias: aliasName }),
  body: z.strictObject({
    version: z.int().min(1),
    reason: reason.default('by hand'),
    by: actor.default('rest'),
  }),
  answer: z.object({ model: z.string(), alias: z.string(), version: z.int() }),
  problems: [404, 409],
  handler: async ({ params: { model, alias }, body: { version, ...audit } }, { app }) => {
    versionOf(app, model, version)
    await app.registry.setAlias(model, alias, version, audit)
    await app.serving.settled()
    return { model, alias, version }
  },
})

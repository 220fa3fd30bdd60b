/**
 * GET /v1/models/{model}/history?limit=100&at=2026-01-01T12:00:00Z
 *
 * Every change of what serves: who, when, why.
 *
 * - `limit` (query, default 100): the newest so many, oldest of them first
 * - `at` (query): also answers which version served at that moment
 *
 * 200 · 404
 *
 * `{"model":"like","servedAt":2,"entries":[{"model":"like","at":"…","action":"promoted","version":2,"previous":1,"by":"gate","reason":"auc 0.79 beats 0.78"}]}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { versionsOf } from '../../model-answer.ts'
import { modelName, pageLimit } from '../../schemas/input.ts'
import { historySchema } from '../../schemas/model-schemas.ts'

export const listHistory = defineRoute({
  method: 'GET',
  path: '/v1/models/:model/history',
  tag: 'models',
  summary: 'What served when, and why',
  params: z.strictObject({ model: modelName }),
  query: z.strictObject({
    limit: pageLimit,
    at: z.iso
      .datetime({ offset: true, error: 'write a time such as 2026-01-01T12:00:00Z' })
      .optional(),
  }),
  answer: z.object({
    model: z.string(),
    servedAt: z.int().nullable().optional().describe('Only with `at`; null when none served'),
    entries: z.array(historySchema),
  }),
  problems: [404],
  handler: ({ params: { model }, query: { limit, at } }, { app }) => {
    const hasVersions = versionsOf(app, model).length > 0
    const served =
      at !== undefined && hasVersions ? app.registry.servedAt(model, Date.parse(at)) : undefined
    return {
      model,
      ...(at === undefined ? {} : { servedAt: served ?? null }),
      entries: hasVersions ? app.registry.history(model).slice(-limit) : [],
    }
  },
})

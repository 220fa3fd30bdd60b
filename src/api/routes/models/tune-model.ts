/**
 * POST /v1/models/{model}/tune
 *
 * Queues a training that first searches for parameters: the declared ones, then others, judged by the gate's metric on a
 * validation split. The version says what was tried (`search`), and serves only if its gate passes.
 *
 * - `time` (body, default `2m`, at most `24h`): for the search; the training comes after it
 * - `method` (body, default `random`): `grid`, `random` or `halving`
 * - `trials` (body, default 100): most sets of parameters beside the declared ones
 * - `by` (body, default `rest`)
 *
 * 202 with `Location: /v1/jobs/{id}` · 404 · 409 too few rows
 *
 * `{"jobs":[{"id":"…","model":"movies","trigger":"tune","state":"queued","progress":0,"set":{"scheme":"cumulative","part":1,"batches":[1,4]},"queuedAt":"…"}]}`
 */
import { z } from 'zod'
import { parseDuration } from '../../../core/index.ts'
import { defineRoute } from '../../define-route.ts'
import { declaredModel } from '../../model-answer.ts'
import { actor, modelName } from '../../schemas/input.ts'
import { jobSchema } from '../../schemas/model-schemas.ts'

const MOST_TIME_MS = 24 * 3_600_000

const time = z
  .string()
  .regex(/^\d{1,8}(ms|s|m|h)$/, { error: 'write a duration such as 30s, 2m or 1h' })
  .transform((text) => parseDuration(text))
  .refine((ms) => ms > 0 && ms <= MOST_TIME_MS, { error: 'write more than 0 and at most 24h' })
  .default(120_000)
  .describe('Time for the search')

export const tuneModel = defineRoute({
  method: 'POST',
  path: '/v1/models/:model/tune',
  tag: 'models',
  summary: 'Search for parameters, then train',
  params: z.strictObject({ model: modelName }),
  body: z.strictObject({
    time,
    method: z.enum(['grid', 'random', 'halving']).default('random'),
    trials: z
      .int()
      .min(1)
      .max(10_000)
      .default(100)
      .describe('Most sets of parameters beside the declared ones'),
    by: actor.default('rest'),
  }),
  answer: z.object({ jobs: z.array(jobSchema) }),
  status: 202,
  problems: [404, 409],
  handler: async ({ params: { model }, body }, { app, reply }) => {
    declaredModel(app, model)
    const { time: budgetMs, method, trials, by } = body
    const search = { budgetMs, method, trials }
    const jobs = await app.trainer.train({ model, trigger: 'tune', by, search })
    const first = jobs[0]
    if (first) void reply.header('location', `/v1/jobs/${encodeURIComponent(first.id)}`)
    return { jobs }
  },
})

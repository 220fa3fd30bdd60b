/**
 * POST /v1/models/{model}/train
 *
 * Queues a training by hand. With `parts` there is one job, and one version, for each part.
 *
 * - `parts` (body, default: the newest set only): 1 to 100
 * - `scheme` (body): `cumulative` (first n-th, first two n-ths, …) or `disjoint`; default as declared
 * - `mode` (body, default `full`): `refresh` learns again only what changed since the version that serves was made, from
 *   its factors and with its parameters (recommenders of kind `als`); on the newest set
 * - `by` (body, default `rest`)
 *
 * 202 with `Location: /v1/jobs/{id}` of the first job · 404 · 409 too few rows, or nothing that a refresh could go on from
 *
 * `{"jobs":[{"id":"…","model":"like","trigger":"manual","state":"queued","progress":0,"set":{"scheme":"cumulative","part":1,"of":3,"batches":[1,4]},"queuedAt":"…"}]}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { declaredModel } from '../../model-answer.ts'
import { actor, modelName } from '../../schemas/input.ts'
import { jobSchema } from '../../schemas/model-schemas.ts'

export const trainModel = defineRoute({
  method: 'POST',
  path: '/v1/models/:model/train',
  tag: 'models',
  summary: 'Train now',
  params: z.strictObject({ model: modelName }),
  body: z
    .strictObject({
      parts: z.int().min(1).max(100).optional(),
      scheme: z.enum(['cumulative', 'disjoint']).optional(),
      mode: z.enum(['full', 'refresh']).default('full'),
      by: actor.default('rest'),
    })
    .refine(
      ({ mode, parts, scheme }) => mode === 'full' || (parts === undefined && scheme === undefined),
      { path: ['mode'], error: 'refresh takes the newest set: leave parts and scheme out' },
    ),
  answer: z.object({ jobs: z.array(jobSchema) }),
  status: 202,
  problems: [404, 409],
  handler: async ({ params: { model }, body }, { app, reply }) => {
    declaredModel(app, model)
    const { mode, ...asked } = body
    const jobs = await app.trainer.train({
      model,
      trigger: 'manual',
      ...asked,
      ...(mode === 'refresh' && { mode }),
    })
    const first = jobs[0]
    if (first) void reply.header('location', `/v1/jobs/${encodeURIComponent(first.id)}`)
    return { jobs }
  },
})

/**
 * GET /v1/jobs?limit=100&model=like
 *
 * - `limit` (query, default 100): the newest so many, oldest of them first
 * - `model` (query, default: all)
 *
 * 200
 *
 * `{"jobs":[{"id":"…","model":"like","trigger":"batches","state":"running","progress":0.4,"set":{"scheme":"cumulative","part":4,"batches":[1,40]},"queuedAt":"…","startedAt":"…","memoryBytes":…}]}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { modelName, pageLimit } from '../../schemas/input.ts'
import { jobSchema } from '../../schemas/model-schemas.ts'

export const listJobs = defineRoute({
  method: 'GET',
  path: '/v1/jobs',
  tag: 'jobs',
  summary: 'Training jobs',
  query: z.strictObject({ limit: pageLimit, model: modelName.optional() }),
  answer: z.object({ jobs: z.array(jobSchema) }),
  handler: ({ query: { limit, model } }, { app }) => ({
    jobs: app.trainer
      .jobs()
      .filter((job) => model === undefined || job.model === model)
      .slice(-limit),
  }),
})

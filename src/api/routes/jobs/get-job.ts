/**
 * GET /v1/jobs/{job}
 *
 * 200 · 404
 *
 * `{"id":"…","model":"like","trigger":"manual","state":"succeeded","progress":1,"set":{…},"queuedAt":"…","startedAt":"…","endedAt":"…","version":4}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { jobId } from '../../schemas/input.ts'
import { jobSchema } from '../../schemas/model-schemas.ts'

export const getJob = defineRoute({
  method: 'GET',
  path: '/v1/jobs/:job',
  tag: 'jobs',
  summary: 'One job',
  params: z.strictObject({ job: jobId }),
  answer: jobSchema,
  problems: [404],
  handler: ({ params }, { app }) => app.trainer.job(params.job),
})

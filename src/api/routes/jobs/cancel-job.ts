/**
 * DELETE /v1/jobs/{job}
 *
 * Cancels a job that waits or runs; one that has ended stays as it is.
 *
 * 200 the job afterwards · 404
 *
 * `{"id":"…","model":"like","trigger":"manual","state":"cancelled","progress":0.2,"set":{…},"queuedAt":"…","endedAt":"…"}`
 */
import { z } from 'zod'
import { defineRoute } from '../../define-route.ts'
import { jobId } from '../../schemas/input.ts'
import { jobSchema } from '../../schemas/model-schemas.ts'

export const cancelJob = defineRoute({
  method: 'DELETE',
  path: '/v1/jobs/:job',
  tag: 'jobs',
  summary: 'Cancel a job',
  params: z.strictObject({ job: jobId }),
  answer: jobSchema,
  problems: [404],
  handler: async ({ params: { job } }, { app }) => {
    app.trainer.job(job)
    await app.trainer.cancel(job)
    return app.trainer.job(job)
  },
})

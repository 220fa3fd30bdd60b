import type { JobAnswer } from '../api/index.ts'
import { systemClock } from '../core/index.ts'
import { path, type ApiClient } from './api-client.ts'
import type { Output } from './output.ts'

const POLL_MS = 300

/** Resolves when every job has ended; shows which one runs. */
export async function waitForJobs(
  api: ApiClient,
  jobs: readonly JobAnswer[],
  output: Output,
  signal: AbortSignal,
): Promise<JobAnswer[]> {
  const ended: JobAnswer[] = []
  for (const { id } of jobs) {
    for (;;) {
      const job = await api.get<JobAnswer>(path`/v1/jobs/${id}`)
      if (job.state !== 'queued' && job.state !== 'running') {
        ended.push(job)
        break
      }
      const percent = Math.round(job.progress * 100)
      output.live(
        `training ${ended.length + 1} of ${jobs.length}: ${job.model} ${job.state} ${percent} %`,
      )
      await systemClock.sleep(POLL_MS, signal)
    }
  }
  return ended
}

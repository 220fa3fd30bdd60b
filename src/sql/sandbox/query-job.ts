/** A query on its way: it ends by its answer, its deadline or its signal, whichever comes first, also while it waits. */
import { systemClock } from '../../core/index.ts'
import type { SandboxRequest, SandboxResult } from '../engine.ts'
import { sqlError } from '../errors.ts'
import { timeoutError } from './query-process.ts'

export interface QueryJob {
  readonly request: SandboxRequest
  /** Milliseconds until the deadline, at least 1. */
  timeLeft(): number
  readonly promise: Promise<SandboxResult>
  /** Takes the outcome of the run; from here on the run keeps the deadline. */
  follow(run: Promise<SandboxResult>): void
  fail(error: Error): void
}

export function createQueryJob(request: SandboxRequest, onEnd: (job: QueryJob) => void): QueryJob {
  const { signal, timeoutMs } = request
  const deadline = systemClock.monotonic() + timeoutMs
  let resolve!: (result: SandboxResult) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<SandboxResult>((onResult, onError) => {
    resolve = onResult
    reject = onError
  })
  const abort = (): void => job.fail(cancelledError(signal))
  const stopTimer = systemClock.after(timeoutMs, () => job.fail(timeoutError(timeoutMs)))
  const end = (): void => {
    stopTimer()
    signal?.removeEventListener('abort', abort)
    onEnd(job)
  }
  const job: QueryJob = {
    request,
    promise,
    timeLeft: () => Math.max(1, deadline - systemClock.monotonic()),
    follow(run) {
      stopTimer()
      void run.then(resolve, reject).finally(end)
    },
    fail(error) {
      reject(error)
      end()
    },
  }
  signal?.addEventListener('abort', abort, { once: true })
  return job
}

export const cancelledError = (signal: AbortSignal | undefined): Error =>
  sqlError('SQL_CANCELLED', 'the query was cancelled before it ended', { cause: signal?.reason })

export const closedError = (): Error =>
  sqlError('SQL_CANCELLED', 'the sandbox is closed: open a new one')

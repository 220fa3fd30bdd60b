/** When a table looks after itself: after commits, and for its retention also when none come. One run at a time. */
import type { Clock, Logger } from '../core/index.ts'
import type { Maintenance, MaintenanceResult } from './lake.ts'

/** Age is looked at so often, at the least: a tenth of it, between these. */
const CHECK_EVERY_MS = { least: 60_000, most: 60 * 60_000 }
/** After a failure (a full disk, a damaged file) it is not tried at every commit again. */
const PAUSE_AFTER_FAILURE_MS = 60_000

export interface MaintenanceSchedule {
  /** A batch was committed. */
  committed(): void
  /** No further run begins. */
  stop(): void
}

export function scheduleMaintenance(options: {
  readonly table: string
  readonly policy: Maintenance
  readonly clock: Clock
  readonly logger: Logger
  readonly run: () => Promise<MaintenanceResult>
}): MaintenanceSchedule {
  const { table, policy, clock, logger, run } = options
  const isIdle = policy.compactFiles ?? policy.retainMs ?? policy.retainBytes
  if (isIdle === undefined) return { committed() {}, stop() {} }
  let isRunning = false
  let isStopped = false
  let pausedUntil = -Infinity
  let cancel = (): void => {}

  const start = (): void => {
    if (isRunning || isStopped || clock.monotonic() < pausedUntil) return
    isRunning = true
    run()
      .catch((error: unknown) => {
        if (isStopped) return
        pausedUntil = clock.monotonic() + PAUSE_AFTER_FAILURE_MS
        logger.error({ table, err: error }, 'The files of a table could not be compacted.')
      })
      .finally(() => (isRunning = false))
  }
  const everyMs = Math.min(
    CHECK_EVERY_MS.most,
    Math.max(CHECK_EVERY_MS.least, (policy.retainMs ?? 0) / 10),
  )
  const again = (): void => {
    start()
    cancel = clock.after(everyMs, again)
  }
  if (policy.retainMs !== undefined) cancel = clock.after(everyMs, again)
  return {
    committed: start,
    stop() {
      isStopped = true
      cancel()
    },
  }
}

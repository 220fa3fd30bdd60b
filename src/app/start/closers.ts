/** What has been opened, closed in reverse order, each once, within a bound. */
import type { Clock, Logger } from '../../core/index.ts'

export interface Closers {
  add(name: string, close: () => Promise<void>): void
  /** Resolves when everything is closed or the time is over; what fails to close is logged. Idempotent. */
  closeAll(): Promise<void>
}

/** A stop takes at most 10 s (promise P19); what hangs must leave time for what comes after it. */
const MOST_MS = 9_500
const MOST_EACH_MS = 6_000

export function createClosers(clock: Clock, logger: Logger): Closers {
  const opened: { readonly name: string; readonly close: () => Promise<void> }[] = []
  let closing: Promise<void> | undefined

  const closeAll = async (): Promise<void> => {
    const startedAt = clock.monotonic()
    for (const { name, close } of opened.toReversed()) {
      const leftMs = Math.max(100, MOST_MS - (clock.monotonic() - startedAt))
      const stopWaiting = new AbortController()
      const timeout = clock
        .sleep(Math.min(leftMs, MOST_EACH_MS), stopWaiting.signal)
        .then(() => logger.error({ part: name }, 'a part did not close in time and was left'))
      timeout.catch(() => {})
      const closed = close()
        .catch((error: unknown) => logger.error({ err: error, part: name }, 'a part did not close'))
        .finally(() => stopWaiting.abort())
      await Promise.race([closed, timeout.catch(() => closed)])
    }
  }

  return {
    add: (name, close) => opened.push({ name, close }),
    closeAll: () => (closing ??= closeAll()),
  }
}

/**
 * Time is always passed in. Production code takes a `Clock`; tests pass a manual one (`millrace/testing`), so no test
 * waits for a timer and no window depends on the machine's clock.
 */
export interface Clock {
  /** Wall-clock time, milliseconds since the Unix epoch. May jump; never used for order. */
  now(): number
  /** Monotonic time in milliseconds, from an arbitrary start. For durations and timeouts. */
  monotonic(): number
  /** Calls `run` once after `delayMs` of monotonic time; the returned function cancels. Never keeps the process alive. */
  after(delayMs: number, run: () => void): () => void
  /** Resolves after `delayMs` of monotonic time, or rejects with the signal's reason. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs)
    timer.unref()
    return () => clearTimeout(timer)
  },
  sleep(delayMs, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error)
        return
      }
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }, delayMs)
      const onAbort = (): void => {
        clearTimeout(timer)
        reject(signal?.reason as Error)
      }
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  },
}

/** A clock that moves only when a test says so: timers fire in order of their time, never by waiting. */
import type { Clock } from '../core/index.ts'

export interface ManualClock extends Clock {
  /** Moves wall and monotonic time on and runs every timer that falls due, in order. */
  advance(ms: number): void
  /** Moves the wall clock only, as an operator or NTP would; monotonic time and timers do not notice. */
  jump(ms: number): void
  /** Timers that wait. */
  pending(): number
}

interface Timer {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

/** `startMs` is the wall time at the beginning; the default is 2026-01-01T00:00:00Z. */
export function createManualClock(startMs = Date.UTC(2026, 0, 1)): ManualClock {
  let wall = startMs
  let monotonic = 0
  let order = 0
  const timers = new Set<Timer>()

  const next = (until: number): Timer | undefined => {
    let first: Timer | undefined
    for (const timer of timers) {
      if (timer.at > until) continue
      if (!first || timer.at < first.at || (timer.at === first.at && timer.order < first.order)) {
        first = timer
      }
    }
    return first
  }

  const clock: ManualClock = {
    now: () => wall,
    monotonic: () => monotonic,
    after(delayMs, run) {
      const timer: Timer = { at: monotonic + Math.max(0, delayMs), order: order++, run }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    sleep(delayMs, signal) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason as Error)
          return
        }
        const cancel = clock.after(delayMs, () => {
          signal?.removeEventListener('abort', onAbort)
          resolve()
        })
        const onAbort = (): void => {
          cancel()
          reject(signal?.reason as Error)
        }
        signal?.addEventListener('abort', onAbort, { once: true })
      })
    },
    advance(ms) {
      const target = monotonic + ms
      for (let timer = next(target); timer; timer = next(target)) {
        timers.delete(timer)
        wall += timer.at - monotonic
        monotonic = timer.at
        timer.run()
      }
      wall += target - monotonic
      monotonic = target
    },
    jump(ms) {
      wall += ms
    },
    pending: () => timers.size,
  }
  return clock
}

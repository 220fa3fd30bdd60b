/** A clock whose timers come late, as those of a busy event loop do. */
import type { Clock } from '../../core/index.ts'

export interface LateClock<Manual extends Clock> {
  readonly clock: Manual
  readonly setLateMs: (lateMs: number) => void
}

export function createLateClock<Manual extends Clock>(manual: Manual): LateClock<Manual> {
  let lateMs = 0
  const clock = {
    ...manual,
    after: (delayMs: number, run: () => void) => manual.after(delayMs + lateMs, run),
  }
  return { clock, setLateMs: (ms) => void (lateMs = ms) }
}

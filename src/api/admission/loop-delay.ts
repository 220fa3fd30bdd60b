/**
 * How late the event loop is, as the smallest delay of a timer over the last second: a pause of garbage collection or of one
 * large body is no overload, a second without a single timer in time is.
 */
import type { Clock } from '../../core/index.ts'

const SAMPLE_MS = 100
const SAMPLES = 10

export interface LoopDelay {
  /** Milliseconds; 0 until a second was watched. */
  standingMs(): number
  close(): void
}

export function watchLoopDelay(clock: Clock): LoopDelay {
  const delays: number[] = []
  let cancel = (): void => {}
  const sample = (): void => {
    const due = clock.monotonic() + SAMPLE_MS
    cancel = clock.after(SAMPLE_MS, () => {
      delays.push(Math.max(0, clock.monotonic() - due))
      if (delays.length > SAMPLES) delays.shift()
      sample()
    })
  }
  sample()
  return {
    standingMs: () => (delays.length < SAMPLES ? 0 : Math.min(...delays)),
    close: () => cancel(),
  }
}

/** When the next event of a replay is due. The schedule is absolute, so a slow append or a late timer costs no rate. */
import { createRandom } from '../../kernels/index.ts'
import { ingestError } from '../errors.ts'
import type { ReplayOptions } from '../ingest.ts'

export type PaceOptions = Omit<ReplayOptions, 'topic' | 'source'>

export interface Pacer {
  /** Monotonic time, in milliseconds, at which the next event is due. `timeMs`: its event time, for `speed`. */
  next(nowMs: number, timeMs?: number): number
  readonly needsEventTime: boolean
}

/** A replay that was held up for longer than this goes on from now instead of catching up all at once. */
const MAX_DEBT_MS = 5_000

const UNPACED: Pacer = { next: () => 0, needsEventTime: false }

/** Throws INGEST_INVALID_REPLAY. */
export function createPacer(options: PaceOptions): Pacer {
  checkOptions(options)
  const { rate = 0, intervalMs, jitter = 0, speed, seed = 0 } = options
  if (speed !== undefined) return scaledPacer(speed)
  const pauseMs = intervalMs ?? (rate > 0 ? 1_000 / rate : 0)
  if (pauseMs === 0) return UNPACED
  const random = createRandom(seed)
  let due: number | undefined
  return {
    needsEventTime: false,
    next(nowMs) {
      // The mean of the factor is 1: jitter changes the pauses, not the rate.
      const factor = jitter === 0 ? 1 : 1 + jitter * (2 * random.uniform() - 1)
      due = due === undefined ? nowMs : Math.max(due + pauseMs * factor, nowMs - MAX_DEBT_MS)
      return due
    },
  }
}

/** An event is due when its event time, counted from the first event's and divided by `speed`, has passed. */
function scaledPacer(speed: number): Pacer {
  let start: { nowMs: number; timeMs: number } | undefined
  let due = 0
  return {
    needsEventTime: true,
    next(nowMs, timeMs) {
      if (timeMs === undefined) return due
      start ??= { nowMs, timeMs }
      // Events out of order are due at once, never in the past of others.
      due = Math.max(due, start.nowMs + (timeMs - start.timeMs) / speed)
      return due
    },
  }
}

function checkOptions(options: PaceOptions): void {
  const { rate, intervalMs, jitter, speed, limit } = options
  if ([rate || undefined, intervalMs, speed].filter((one) => one !== undefined).length > 1) {
    throw wrong('rate', 'excludes intervalMs and speed: give one of the three')
  }
  if (rate !== undefined && !(rate >= 0 && rate <= 1e9))
    throw wrong('rate', 'must be 0 to 10^9 events per second')
  if (intervalMs !== undefined && !(intervalMs > 0 && intervalMs <= 86_400_000)) {
    throw wrong('intervalMs', 'must be above 0 and at most a day')
  }
  if (speed !== undefined && !(speed > 0 && speed <= 1e12)) throw wrong('speed', 'must be above 0')
  if (limit !== undefined && !(Number.isSafeInteger(limit) && limit >= 0)) {
    throw wrong('limit', 'must be a whole number from 0')
  }
  if (jitter === undefined) return
  if (!(jitter >= 0 && jitter <= 1)) throw wrong('jitter', 'must be 0 to 1')
  if (jitter > 0 && !rate && intervalMs === undefined)
    throw wrong('jitter', 'needs rate or intervalMs')
}

const wrong = (field: string, rule: string): Error =>
  ingestError('INGEST_INVALID_REPLAY', `replay option ${field} ${rule}`, { details: { field } })

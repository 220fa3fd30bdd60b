/**
 * A number of turns and the line before them. The line takes up bursts and never stands: whoever comes may wait `burstMs`
 * while the line was short within that time, and only `standingMs` once it has not been; then the newest is served first, so
 * that under lasting overload those that are answered are answered soon and the others are told at once. A line is short when
 * all in it, and as many more as were refused, would be served within `standingMs` at the pace of the moment: a few callers who
 * ask again as soon as they are answered keep a line that is never empty, and that is no overload. A turn never stays free
 * while somebody waits, but for the rest of a round of the event loop that has begun enough.
 *
 * Source: B. Maurer, "Fail at Scale", ACM Queue 13(8), 2015, "Controlled Delay" and "Adaptive LIFO", after K. Nichols and
 * V. Jacobson, "Controlling Queue Delay", ACM Queue 10(5), 2012.
 */
import type { Clock, MillraceError } from '../../core/index.ts'

export interface TurnQueueOptions {
  readonly clock: Clock
  /** Most units under way: requests, or bytes. */
  readonly capacity: number
  /** Most that wait while the line is a burst; a standing line has fewer. */
  readonly mostWaiting: number
  readonly burstMs: number
  readonly standingMs: number
  /** Asked before each turn that is free: false keeps it so until `admit` is called. The default is that it may. */
  readonly mayBegin?: () => boolean
  /** The error for one that is refused. */
  readonly refusal: () => MillraceError
}

/** Whether who asked is still there: a signal, or what looks like one. */
export type Caller = Pick<AbortSignal, 'aborted' | 'reason'>

export interface TurnRequest {
  /** What it takes of the capacity, 1 to all of it; more counts as all. */
  readonly units?: number
  /** True: part of a work that is stored in part. It waits as long as it takes. */
  readonly isBegun?: boolean
  /** Who went away needs no turn. Looked at only when there is a line. */
  readonly signal?: Caller | undefined
}

export interface TurnQueue {
  /** Resolves with what gives the turn back; that may be called more than once. Rejects with the refusal. */
  enter(request?: TurnRequest): Promise<() => void>
  /** True when one that came now could not even wait. */
  isFull(): boolean
  /** Gives the free turns to those that wait. */
  admit(): void
  /** Counts one that was refused before it could ask. */
  countRefusal(): void
  readonly underWay: number
  readonly waiting: number
}

interface Waiting {
  readonly units: number
  readonly isBegun: boolean
  readonly signal: Caller | undefined
  readonly since: number
  grant(leave: () => void): void
  refuse(error: Error): void
}

/** Places of a standing line, where each is served or told within `standingMs`: this share of a burst's at least … */
const STANDING_SHARE = 64
/** … and up to this share of those that `standingMs` serve. Who is told after all has cost nearly as much as an answer. */
const SERVED_SHARE = 0.5

export function createTurnQueue(options: TurnQueueOptions): TurnQueue {
  const { clock, capacity, mostWaiting, burstMs, standingMs, refusal } = options
  const { mayBegin = () => true } = options
  let line: Waiting[] = []
  let underWay = 0
  /** The line is as old as this: it was last short, or empty for good, then. */
  let lastShortAt = clock.monotonic()
  let lastWaitedAt = -Infinity
  const pace = createPace(standingMs)
  let isTimerSet = false
  let isBegunNext = false

  const isStanding = (now: number): boolean => line.length > 0 && now - lastShortAt > burstMs
  const isFull = (): boolean => {
    const now = clock.monotonic()
    const standingPlaces = Math.max(
      Math.ceil(mostWaiting / STANDING_SHARE),
      Math.min(mostWaiting, Math.floor(pace.before(now).served * SERVED_SHARE)),
    )
    return line.length >= (isStanding(now) ? standingPlaces : mostWaiting)
  }
  const countRefusal = (): void => {
    pace.at(clock.monotonic()).refused += 1
  }
  const refused = (): MillraceError => {
    countRefusal()
    return refusal()
  }

  const leaveOf = (units: number): (() => void) => {
    underWay += units
    pace.at(clock.monotonic()).served += 1
    let isGiven = false
    return () => {
      if (isGiven) return
      isGiven = true
      underWay -= units
      admit()
    }
  }

  /** Tells who waited too long or went away. */
  const sweep = (now: number): void => {
    const patienceMs = isStanding(now) ? standingMs : burstMs
    const kept: Waiting[] = []
    for (const one of line) {
      if (one.signal?.aborted === true) one.refuse(one.signal.reason as Error)
      else if (!one.isBegun && now - one.since > patienceMs) one.refuse(refused())
      else kept.push(one)
    }
    if (kept.length < line.length) line = kept
  }

  /** The place in the line whose turn it is: the oldest; in a standing line by turns the newest and the oldest begun. */
  const next = (now: number): number => {
    if (!isStanding(now)) return 0
    const begun = line.findIndex(({ isBegun }) => isBegun)
    const newest = line.findLastIndex(({ isBegun }) => !isBegun)
    if (begun === -1 || newest === -1) return Math.max(begun, newest)
    isBegunNext = !isBegunNext
    return isBegunNext ? begun : newest
  }

  const admit = (): void => {
    const now = clock.monotonic()
    if (line.length > 0) lastWaitedAt = now
    const { served, refused: gone } = pace.before(now)
    if (line.length + gone <= served) lastShortAt = now
    for (;;) {
      const at = next(now)
      const one = line[at]
      if (one === undefined || underWay + one.units > capacity) break
      const isGone = one.signal?.aborted === true
      if (!isGone && !mayBegin()) break
      line.splice(at, 1)
      if (isGone) one.refuse(one.signal?.reason as Error)
      else one.grant(leaveOf(one.units))
    }
    if (line.length > 0) sweep(now)
  }

  /** Turns may be long: who waits is told in time all the same. */
  const watch = (): void => {
    if (isTimerSet) return
    isTimerSet = true
    clock.after(standingMs, () => {
      isTimerSet = false
      admit()
      if (line.length > 0) watch()
    })
  }

  return {
    isFull,
    admit,
    countRefusal,
    get underWay() {
      return underWay
    },
    get waiting() {
      return line.length
    },
    enter(request = {}) {
      const { units = 1, isBegun = false } = request
      const taken = Math.min(Math.max(1, units), capacity)
      const now = clock.monotonic()
      // A line that was empty for a moment, between refusals and those who come next, is the same line.
      if (line.length === 0 && now - lastWaitedAt > standingMs) lastShortAt = now
      const isFree = line.length === 0 && underWay + taken <= capacity
      if (isFree && mayBegin()) return Promise.resolve(leaveOf(taken))
      if (!isBegun && isFull()) return Promise.reject(refused())
      return new Promise((grant, refuse) => {
        lastWaitedAt = now
        const { signal } = request
        line.push({ units: taken, isBegun, signal, since: now, grant, refuse })
        watch()
      })
    },
  }
}

interface Outcomes {
  served: number
  refused: number
}

/** What became of requests, counted by spans of time one after another. */
function createPace(spanMs: number) {
  let span = -1
  let current: Outcomes = { served: 0, refused: 0 }
  let last: Outcomes = { served: 0, refused: 0 }
  const at = (now: number): Outcomes => {
    const asked = Math.floor(now / spanMs)
    if (asked === span) return current
    last = asked === span + 1 ? current : { served: 0, refused: 0 }
    current = { served: 0, refused: 0 }
    span = asked
    return current
  }
  return {
    at,
    /** Of the last span that is over. */
    before(now: number): Readonly<Outcomes> {
      at(now)
      return last
    },
  }
}

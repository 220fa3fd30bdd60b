/**
 * Which requests are let in (promises P16 to P18). Each class of work has its own turns and its own line, so that one cannot
 * take another's; bodies in memory have one budget; and while the event loop itself is late, classes are refused from the
 * least urgent on. Whoever is refused gets 503 `API_OVERLOADED` with Retry-After, before its body is read where possible.
 */
import type { Clock, Limits, MillraceError } from '../../core/index.ts'
import { apiError } from '../errors.ts'
import { createByteBudget, type ByteBudget } from './byte-budget.ts'
import { loadClasses, loadRules, type LoadClass } from './load-class.ts'
import { watchLoopDelay } from './loop-delay.ts'
import { createRounds } from './rounds.ts'
import { createTurnQueue, type TurnQueue, type TurnRequest } from './turn-queue.ts'

export interface Admission {
  /** When the headers are there: false, and counted, when there is no hope. */
  hasRoom(load: LoadClass): boolean
  /** Waits for a turn. Rejects with API_OVERLOADED. */
  enter(load: LoadClass, request?: TurnRequest): Promise<() => void>
  /** A connection came: those that still wait for theirs go before work. */
  sawConnection(): void
  readonly bodies: ByteBudget
  close(): void
}

/** Places of each line; who waits costs a socket and at most its body, which has the budget of bodies. */
const MOST_WAITING = 1_024

const RETRY_AFTER_SECONDS = 1

export function createAdmission(
  limits: Limits,
  clock: Clock,
  /** Called for every refusal. */
  onRefusal: (load: LoadClass | 'bodies') => void,
): Admission {
  const loop = watchLoopDelay(clock)
  let firstClass = 0
  const rounds = createRounds(clock, () => {
    // By turns, so that no class takes all of each round.
    firstClass = (firstClass + 1) % loadClasses.length
    for (const at of loadClasses.keys()) {
      queues[loadClasses[(firstClass + at) % loadClasses.length]!].admit()
    }
  })
  const refuse = (load: LoadClass | 'bodies', why: string): MillraceError => {
    onRefusal(load)
    return apiError('API_OVERLOADED', `${why}: try again in a second`, {
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    })
  }
  const queueOf = (load: LoadClass): TurnQueue => {
    const { capacity, patience } = loadRules[load]
    return createTurnQueue({
      clock,
      capacity: limits[capacity],
      mostWaiting: MOST_WAITING,
      // Not for predictions: a prediction is over within its round, and fewer a round were fewer in all (decision 0016).
      mayBegin: () => load === 'predict' || rounds.begin(),
      burstMs: limits.turnBurstMs * patience,
      standingMs: limits.turnStandingMs * patience,
      refusal: () =>
        refuse(load, `more ${load} requests came than can be answered (limit ${capacity})`),
    })
  }
  const queues = Object.fromEntries(loadClasses.map((load) => [load, queueOf(load)])) as Readonly<
    Record<LoadClass, TurnQueue>
  >
  return {
    hasRoom(load) {
      const lateMs = limits.loopDelayMs * loadRules[load].endurance
      if (!queues[load].isFull() && loop.standingMs() <= lateMs) return true
      queues[load].countRefusal()
      onRefusal(load)
      return false
    },
    enter: (load, request) => queues[load].enter(request),
    sawConnection: () => rounds.sawConnection(),
    bodies: createByteBudget(limits.httpBodiesBytes, () =>
      refuse('bodies', 'the requests under way fill the memory that bodies may take'),
    ),
    close: () => loop.close(),
  }
}

/**
 * How much is begun in one round of the event loop. Node takes in one new connection a round (libuv since 1.45), and reads what
 * the others sent once a round: when each round computes for a tenth of a second, ten callers a second are let in, and the others
 * wait where nobody sees or answers them. So a round begins as much as keeps it short, and while connections come, rounds that
 * only take them in lie between.
 */
import type { Clock } from '../../core/index.ts'

export interface Rounds {
  /** True, and counted, when one more may begin in this round. After a false one `onNext` is called in a later round. */
  begin(): boolean
  /** A connection came. */
  sawConnection(): void
}

/** Two hundred rounds a second at the least; of work that takes longer, one a round. */
const ROUND_MS = 5
const MOST_BEGUN = 64
/** Rounds that only take connections in, between two that work: each costs a tenth of a millisecond. */
const MOST_BETWEEN = 16

export function createRounds(clock: Clock, onNext: () => void): Rounds {
  let most = MOST_BEGUN / 8
  let left = 0
  let between = 0
  let began = 0
  let isOpen = false
  let isWanted = false
  let cameConnection = false

  const end = (): void => {
    if (between === 0) {
      const isLong = clock.monotonic() - began > ROUND_MS
      if (isLong) most = Math.max(1, most >> 1)
      else if (isWanted) most = Math.min(MOST_BEGUN, most + 1)
    }
    if (isWanted && cameConnection && between < MOST_BETWEEN) {
      between++
      left = 0
      cameConnection = false
      setImmediate(end)
      return
    }
    between = 0
    isOpen = false
    cameConnection = false
    if (!isWanted) return
    isWanted = false
    onNext()
  }
  return {
    begin() {
      if (!isOpen) {
        isOpen = true
        left = most
        began = clock.monotonic()
        setImmediate(end)
      }
      if (left === 0) {
        isWanted = true
        return false
      }
      left--
      return true
    },
    sawConnection: () => void (cameConnection = true),
  }
}

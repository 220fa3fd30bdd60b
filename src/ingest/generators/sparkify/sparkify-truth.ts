/** The best score that any model can reach: that of the planted discontent itself, on cut-offs as training makes them. */
import { PAGES, type SparkifyRows } from './sparkify-sessions.ts'
import { DAY_MS, type Listeners } from './sparkify-world.ts'

/** Days: what a model sees before a cut-off, how far it looks ahead, from one cut-off to the next. */
export const HORIZON = { window: 14, predict: 14, every: 7 } as const

const CONFIRMATION = PAGES.indexOf('Cancellation Confirmation')

export interface ChurnTruth {
  /** Area under the ROC curve of the planted hazard, over all listeners and cut-offs. */
  readonly auc: number
  readonly rows: number
  /** Share of rows with label 1. */
  readonly share: number
}

/**
 * A row is a listener with an event in the window before the cut-off who has not cancelled in it; label 1: cancels within the
 * horizon. The hazard is constant, so nobody who ranks listeners otherwise than by it can expect a higher area.
 */
export function churnTruth(rows: SparkifyRows, listeners: Listeners): ChurnTruth {
  const [window, predict, every] = [HORIZON.window, HORIZON.predict, HORIZON.every].map(
    (days) => days * DAY_MS,
  ) as [number, number, number]
  const times = eventTimes(rows, listeners.count)
  const first = Math.ceil(((rows.ts[0] ?? 0) + window) / every)
  const last = Math.floor(((rows.ts.at(-1) ?? 0) - predict) / every)
  const score: number[] = []
  const label: number[] = []
  for (let k = first; k <= last; k++) {
    const cutoff = k * every
    for (let user = 0; user < listeners.count; user++) {
      const { seen, cancelled } = times[user]!
      const isActive = seen.some((ts) => ts >= cutoff - window && ts < cutoff)
      if (!isActive || cancelled < cutoff) continue
      score.push(listeners.discontent[user]!)
      label.push(cancelled < cutoff + predict ? 1 : 0)
    }
  }
  const share = label.reduce((sum, one) => sum + one, 0) / label.length
  return { auc: aucOf(score, label), rows: label.length, share }
}

function eventTimes(
  rows: SparkifyRows,
  count: number,
): { readonly seen: number[]; cancelled: number }[] {
  const times = Array.from({ length: count }, () => ({
    seen: [] as number[],
    cancelled: Number.POSITIVE_INFINITY,
  }))
  for (let i = 0; i < rows.count; i++) {
    const own = times[rows.user[i]!]
    if (!own) continue
    own.seen.push(rows.ts[i]!)
    if (rows.page[i] === CONFIRMATION) own.cancelled = rows.ts[i]!
  }
  return times
}

/** Mann and Whitney's U over the number of pairs. Scores are continuous: no ties but of one listener with itself. */
function aucOf(score: readonly number[], label: readonly number[]): number {
  const order = score.map((_, i) => i).toSorted((a, b) => score[a]! - score[b]!)
  let below = 0
  let pairs = 0
  let positives = 0
  for (let at = 0; at < order.length;) {
    let end = at
    let ones = 0
    while (end < order.length && score[order[end]!] === score[order[at]!])
      ones += label[order[end++]!]!
    const zeros = end - at - ones
    pairs += ones * (below + zeros / 2)
    below += zeros
    positives += ones
    at = end
  }
  return pairs / (positives * below)
}

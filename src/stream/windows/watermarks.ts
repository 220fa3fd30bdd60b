/** How far event time has come, by partition: which partitions count, and what a silence of all of them means (W4). */
import type { Clock } from '../../core/index.ts'

/** A partition that seems to have more to read, and gives nothing for so many times `idle`, is quiet all the same. */
const IDLE_TIMES = 6

export interface Watermarks {
  /** Largest event time seen in the partition; undefined before the first. */
  newest(partition: number): number | undefined
  /** A record of the partition was read. `timeMs` is absent when it must not move event time. */
  arrived(partition: number, timeMs?: number): void
  /** Largest event time that was seen before a restart. */
  restore(partition: number, newestMs: number | undefined): void
  /** Decides which partitions are quiet. */
  look(ends: ReadonlyMap<number, number>, positions: ReadonlyMap<number, number>): void
  /** Undefined while nothing is known of a partition that is not quiet. */
  watermarkMs(): number | undefined
}

interface Mark {
  newestMs: number | undefined
  /** Monotonic time. */
  arrivedAt: number
  isQuiet: boolean
}

export function createWatermarks(
  options: { readonly latenessMs: number; readonly idleMs: number },
  partitions: readonly number[],
  clock: Clock,
): Watermarks {
  const { latenessMs, idleMs } = options
  const fresh = (): Mark => ({ newestMs: undefined, arrivedAt: clock.monotonic(), isQuiet: false })
  const marks = new Map(partitions.map((partition) => [partition, fresh()]))
  const mark = (partition: number): Mark => {
    const known = marks.get(partition) ?? fresh()
    marks.set(partition, known)
    return known
  }

  return {
    newest: (partition) => marks.get(partition)?.newestMs,
    arrived(partition, timeMs) {
      const of = mark(partition)
      of.arrivedAt = clock.monotonic()
      of.isQuiet = false
      if (timeMs !== undefined) of.newestMs = Math.max(of.newestMs ?? timeMs, timeMs)
    },
    restore(partition, newestMs) {
      mark(partition).newestMs = newestMs
    },
    look(ends, positions) {
      for (const [partition, end] of ends) {
        const of = mark(partition)
        const silentMs = clock.monotonic() - of.arrivedAt
        const isReadUp = (positions.get(partition) ?? 0) >= end
        of.isQuiet = silentMs >= idleMs && (isReadUp || silentMs >= IDLE_TIMES * idleMs)
      }
    },
    watermarkMs() {
      const all = [...marks.values()]
      const talking = all.filter(({ isQuiet }) => !isQuiet)
      if (talking.length > 0) {
        const newest = talking.map(({ newestMs }) => newestMs)
        if (newest.includes(undefined)) return undefined
        return Math.min(...newest.map((ms) => ms ?? 0)) - latenessMs
      }
      const newest = Math.max(...all.map(({ newestMs }) => newestMs ?? Number.NEGATIVE_INFINITY))
      if (!Number.isFinite(newest)) return undefined
      const lastArrival = Math.max(...all.map(({ arrivedAt }) => arrivedAt))
      return newest + (clock.monotonic() - lastArrival) - latenessMs
    },
  }
}

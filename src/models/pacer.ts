/**
 * Lets a long computation take turns off, so that a signal is heard and progress gets out (guarantee M7). It counts work
 * instead of reading a clock: the answer never depends on the time that it took.
 */
import type { FitContext } from './model.ts'

/** Multiply-adds between two turns off: about 10 ms of plain TypeScript. */
const WORK_PER_TURN = 8_000_000

export interface Pacer {
  /** Counts work; true when `rest` is due. Cheap enough for every strip of rows. */
  due(work: number): boolean
  /** One turn of the event loop, then throws the signal's reason if it was aborted. */
  rest(): Promise<void>
  readonly progress: (done: number) => void
}

export function createPacer(context: FitContext): Pacer {
  let left = WORK_PER_TURN
  context.signal?.throwIfAborted()
  return {
    due(work) {
      left -= work
      return left <= 0
    },
    async rest() {
      left = WORK_PER_TURN
      await new Promise<void>((resolve) => setImmediate(resolve))
      context.signal?.throwIfAborted()
    },
    progress: (done) => context.progress?.(done),
  }
}

/** Row ranges of equal work, each well below one turn: `work` is the multiply-adds of one row. */
export function stripRows(work: number): number {
  return Math.max(16, Math.min(4_096, Math.floor(WORK_PER_TURN / 4 / Math.max(1, work))))
}

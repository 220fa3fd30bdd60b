/**
 * What a thread of a team does: it waits for a task, takes ranges of it until none is left, and waits again. All that a task
 * is lies in shared memory, so that handing one over takes microseconds.
 *
 * A claim takes one off REMAINING; above zero before, it is a range of the task that is there now, and this cannot change
 * before the claim is counted in DONE: a thread that wakes late finds nothing and does no harm.
 */
import type { RangeKernel } from './range-task.ts'
import type { SharedMemory, WebAssemblyModule } from '../webassembly.ts'

/** Of the shared control block, Int32; from BOUNDS on where each range begins, and the end of the last one. */
export const TURN = 0
export const REMAINING = 1
export const DONE = 2
export const FAILED = 3
export const CLOSED = 4
export const KERNEL = 5
export const JOB = 6
export const RANGES = 7
/** Threads that sleep until TURN changes, and whether the calling one sleeps until DONE does. */
export const SLEEPERS = 8
export const IS_WAITED_FOR = 9
export const BOUNDS = 10

/** Most ranges of one task. */
export const MAX_RANGES = 64
export const CONTROL_LENGTH = BOUNDS + MAX_RANGES + 1

export interface TeamThreadData {
  readonly module: WebAssemblyModule
  readonly memory: SharedMemory
  readonly control: Int32Array
  /** Names of exported functions; a task names one by its place. */
  readonly kernels: readonly string[]
  /** Address of the thread's own scratch. */
  readonly scratch: number
}

/** Takes ranges until none is left. Throws what a kernel throws; its range counts as done. */
export function takeTeamRanges(
  kernels: readonly RangeKernel[],
  control: Int32Array,
  scratch: number,
): void {
  for (;;) {
    const remaining = Atomics.sub(control, REMAINING, 1)
    if (remaining <= 0) return
    const range = control[RANGES]! - remaining
    const run = kernels[control[KERNEL]!]!
    try {
      run(control[JOB]!, control[BOUNDS + range]!, control[BOUNDS + range + 1]!, scratch, range)
    } catch (error) {
      Atomics.store(control, FAILED, 1)
      throw error
    } finally {
      const done = Atomics.add(control, DONE, 1) + 1
      if (done === control[RANGES] && Atomics.load(control, IS_WAITED_FOR) === 1) {
        Atomics.notify(control, DONE)
      }
    }
  }
}

/** Looks before a thread sleeps: some 10 µs, less than it costs to be woken. */
const LOOKS = 5_000

/** Looks for a while whether a number is still what it was, true if so. */
export function isUnchanged(control: Int32Array, at: number, before: number): boolean {
  for (let look = 0; look < LOOKS; look++) {
    if (Atomics.load(control, at) !== before) return false
  }
  return true
}

export function kernelsOf(exports: unknown, names: readonly string[]): RangeKernel[] {
  const all = exports as Readonly<Record<string, RangeKernel | undefined>>
  return names.map((name) => {
    const kernel = all[name]
    if (kernel === undefined) throw new TypeError(`the module has no kernel ${name}`)
    return kernel
  })
}

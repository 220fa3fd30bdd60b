/**
 * Threads that help the calling one through tasks of a fraction of a millisecond to some milliseconds, on one shared
 * WebAssembly memory. The calling thread takes ranges like the others and waits for the last one, so a call is as
 * synchronous as one without threads, and a thread that is late, or not yet there, costs nothing but its help. For long
 * tasks, with progress while they run, there is `thread-pool.ts`.
 *
 * A kernel writes only what belongs to its range: the bits do not depend on the number of threads.
 */
import { kernelError } from '../errors.ts'
import { webAssembly, type SharedMemory, type WebAssemblyModule } from '../webassembly.ts'
import {
  BOUNDS,
  CLOSED,
  CONTROL_LENGTH,
  DONE,
  FAILED,
  IS_WAITED_FOR,
  isUnchanged,
  JOB,
  KERNEL,
  kernelsOf,
  MAX_RANGES,
  RANGES,
  REMAINING,
  SLEEPERS,
  takeTeamRanges,
  TURN,
  type TeamThreadData,
} from './team-task.ts'
import { startThread } from './start-thread.ts'

export interface TeamOptions<Kernel extends string> {
  readonly module: WebAssemblyModule
  readonly memory: SharedMemory
  readonly kernels: readonly Kernel[]
  /** ≥ 1, the calling thread included. */
  readonly threads: number
  /** Address of the scratch of a thread, 0 for the calling one. */
  readonly scratchOf: (thread: number) => number
}

export interface Team<Kernel extends string> {
  readonly exports: unknown
  /**
   * Runs a kernel over `from` to `to` in up to `ranges` ranges (at most 64) that begin at multiples of `step` after `from`.
   * Returns where the ranges begin, and the end; valid until the next call. Throws KERNEL_THREAD_LOST.
   */
  run(kernel: Kernel, job: number, span: Span): Int32Array
  /** Lets the threads end. Idempotent. */
  close(): void
}

export interface Span {
  readonly from: number
  readonly to: number
  readonly ranges: number
  /** 1 by default. */
  readonly step?: number
}

/** A range takes milliseconds; a thread that was lost never ends it. */
const LOST_MS = 60_000

export function openTeam<Kernel extends string>(options: TeamOptions<Kernel>): Team<Kernel> {
  const { module, memory, kernels: names, threads, scratchOf } = options
  const { exports } = new webAssembly.Instance(module, { env: { memory } })
  const kernels = kernelsOf(exports, names)
  const control = new Int32Array(new SharedArrayBuffer(CONTROL_LENGTH * 4))
  let isStarted = false
  const start = (): void => {
    isStarted = true
    for (let thread = 1; thread < threads; thread++) {
      const workerData: TeamThreadData = {
        module,
        memory,
        control,
        kernels: names,
        scratch: scratchOf(thread),
      }
      // A failure is told by FAILED, or by a range that is never done.
      startThread('team-thread.js', workerData)
        .on('error', () => {})
        .unref()
    }
  }
  return {
    exports,
    run(kernel, job, span) {
      const ranges = writeBounds(control, span)
      if (!isStarted && ranges > 1) start()
      control[KERNEL] = names.indexOf(kernel)
      control[JOB] = job
      control[RANGES] = ranges
      Atomics.store(control, DONE, 0)
      Atomics.store(control, REMAINING, ranges)
      if (ranges > 1) {
        Atomics.add(control, TURN, 1)
        if (Atomics.load(control, SLEEPERS) > 0) Atomics.notify(control, TURN)
      }
      try {
        takeTeamRanges(kernels, control, scratchOf(0))
      } catch (error) {
        throw lost(kernel, error)
      }
      waitForOthers(control, ranges, kernel)
      return control.subarray(BOUNDS, BOUNDS + ranges + 1)
    },
    close() {
      Atomics.store(control, CLOSED, 1)
      Atomics.add(control, TURN, 1)
      Atomics.notify(control, TURN)
    },
  }
}

function writeBounds(control: Int32Array, { from, to, ranges, step = 1 }: Span): number {
  const count = Math.max(1, Math.min(MAX_RANGES, ranges, Math.ceil((to - from) / step)))
  const size = Math.ceil((to - from) / count / step) * step
  for (let range = 0; range <= count; range++) {
    control[BOUNDS + range] = Math.min(to, from + range * size)
  }
  return count
}

function waitForOthers(control: Int32Array, ranges: number, kernel: string): void {
  for (let done = Atomics.load(control, DONE); done < ranges; done = Atomics.load(control, DONE)) {
    if (!isUnchanged(control, DONE, done)) continue
    // The last range is told of: either its thread sees the flag, or this one its count.
    Atomics.store(control, IS_WAITED_FOR, 1)
    const result = Atomics.wait(control, DONE, done, LOST_MS)
    Atomics.store(control, IS_WAITED_FOR, 0)
    if (result === 'timed-out') throw lost(kernel)
  }
  if (Atomics.load(control, FAILED) !== 0) throw lost(kernel)
}

const lost = (kernel: string, cause?: unknown): Error =>
  kernelError(
    'KERNEL_THREAD_LOST',
    `a thread that ran ${kernel} ended: train again, with less data if it was memory`,
    { cause },
  )

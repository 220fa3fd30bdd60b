/**
 * What a thread of the pool does: takes ranges, one after another, until none is left. Which thread takes which range is
 * left to chance; a kernel writes only what belongs to its range, so the result does not depend on it.
 */
import type { SharedMemory, WebAssemblyModule } from '../webassembly.ts'

/** Of the shared control block, Int32. */
export const NEXT = 0
export const DONE = 1
export const CONTROL_LENGTH = 2

/** An exported function that works on the rows `from` to `to` − 1 of the job at an address, with a scratch of its own. */
export type RangeKernel = (
  job: number,
  from: number,
  to: number,
  scratch: number,
  range: number,
) => void

export interface RangeTask {
  readonly kernel: string
  /** Address of the job. */
  readonly job: number
  /** Where each range begins, and the end of the last one. */
  readonly bounds: Int32Array
}

export interface ThreadData {
  readonly module: WebAssemblyModule
  readonly memory: SharedMemory
  readonly control: Int32Array
  /** Address of the thread's own scratch. */
  readonly scratch: number
}

export function takeRanges(
  kernels: Readonly<Record<string, RangeKernel>>,
  { control, scratch }: Pick<ThreadData, 'control' | 'scratch'>,
  { kernel, job, bounds }: RangeTask,
): void {
  const run = kernels[kernel]
  if (run === undefined) throw new TypeError(`the module has no kernel ${kernel}`)
  for (;;) {
    const range = Atomics.add(control, NEXT, 1)
    if (range >= bounds.length - 1) return
    run(job, bounds[range]!, bounds[range + 1]!, scratch, range)
    Atomics.add(control, DONE, 1)
  }
}

/**
 * Worker threads on one shared WebAssembly memory. A task is a kernel and a list of row ranges; threads take the ranges one
 * after another, so an uneven one holds up nobody. The result has the same bits for any number of threads as long as the
 * kernel keeps to its range. Small tasks run in the calling thread, which costs less than waking another.
 */
import type { Worker } from 'node:worker_threads'
import { kernelError } from '../errors.ts'
import { MAX_PAGES, openModule, PAGE, webAssembly } from '../webassembly.ts'
import {
  CONTROL_LENGTH,
  DONE,
  takeRanges,
  type RangeKernel,
  type RangeTask,
  type ThreadData,
} from './range-task.ts'
import { startThread } from './start-thread.ts'

export interface PoolOptions {
  /** The module `build/<module>.wasm`, made from `wasm/<module>.shared.as.ts`. */
  readonly module: string
  /** Size of the memory, without the scratches. */
  readonly bytes: number
  /** Of one thread. */
  readonly scratchBytes: number
  /** ≥ 1. */
  readonly threads: number
  /** Of the first task to come, as `work` of `run`: threads for it start at once, while the caller fills the memory. */
  readonly work?: number
  readonly signal?: AbortSignal | undefined
}

export interface RunOptions {
  /** Floating-point operations of the whole task, roughly: decides where it runs. */
  readonly work: number
  /** 0 to 1, while it runs. */
  readonly onProgress?: ((done: number) => void) | undefined
}

export interface ThreadPool {
  readonly buffer: SharedArrayBuffer
  /** Runs a task at a time. Rejects with the signal's reason, or KERNEL_THREAD_LOST; the pool is then closed. */
  run(task: RangeTask, options: RunOptions): Promise<void>
  /** Ends the threads. Idempotent. */
  close(): Promise<void>
}

/** Tasks up to this run in the calling thread: about 2 ms. */
const OWN_WORK = 2e7
/** How often progress is told, milliseconds. */
const PROGRESS_MS = 100

/** Bytes of the whole memory of a pool. */
export const poolBytes = (options: Pick<PoolOptions, 'bytes' | 'scratchBytes' | 'threads'>) =>
  align(options.bytes) + (options.threads + 1) * align(options.scratchBytes)

/** Most bytes that one memory has. */
export const POOL_LIMIT = MAX_PAGES * PAGE

const align = (bytes: number): number => Math.ceil(bytes / PAGE) * PAGE

/** Throws KERNEL_MISSING, KERNEL_TOO_LARGE. */
export function openThreadPool(options: PoolOptions): ThreadPool {
  const module = openModule(options.module)
  if (module === undefined) {
    throw kernelError(
      'KERNEL_MISSING',
      `kernels/build/${options.module}.wasm was not built, or this processor has no 128-bit SIMD: run "npm run build"`,
    )
  }
  const bytes = poolBytes(options)
  if (bytes > POOL_LIMIT) {
    throw kernelError(
      'KERNEL_TOO_LARGE',
      `the computation needs ${bytes} bytes, a memory has ${POOL_LIMIT}: make it smaller`,
      { details: { bytes, limit: POOL_LIMIT } },
    )
  }
  const memory = new webAssembly.Memory({
    initial: bytes / PAGE,
    maximum: MAX_PAGES,
    shared: true,
  })
  const control = new Int32Array(new SharedArrayBuffer(CONTROL_LENGTH * 4))
  const scratchOf = (thread: number): number =>
    align(options.bytes) + thread * align(options.scratchBytes)
  const own = new webAssembly.Instance(module, { env: { memory } }).exports
  const crew = createCrew(options.threads, (options.work ?? 0) > OWN_WORK, (thread) => ({
    module,
    memory,
    control,
    scratch: scratchOf(thread),
  }))
  return {
    buffer: memory.buffer,
    async run(task, { work, onProgress }) {
      options.signal?.throwIfAborted()
      control.fill(0)
      if (work <= OWN_WORK) {
        const place = { control, scratch: scratchOf(options.threads) }
        takeRanges(own as Readonly<Record<string, RangeKernel>>, place, task)
        // Many small tasks in a row must not keep timers and signals off.
        await new Promise<void>((resolve) => setImmediate(resolve))
        options.signal?.throwIfAborted()
        return
      }
      const ranges = task.bounds.length - 1
      const ticker =
        onProgress &&
        setInterval(() => onProgress(Atomics.load(control, DONE) / ranges), PROGRESS_MS)
      try {
        await crew.run(task, options.signal)
      } catch (error) {
        await crew.close()
        throw error
      } finally {
        clearInterval(ticker)
      }
    },
    close: () => crew.close(),
  }
}

interface Crew {
  run(task: RangeTask, signal: AbortSignal | undefined): Promise<void>
  close(): Promise<void>
}

/** The threads, started at once or with the first task. */
function createCrew(
  threads: number,
  startsNow: boolean,
  dataOf: (thread: number) => ThreadData,
): Crew {
  let isClosed = false
  const start = (): readonly Worker[] =>
    Array.from({ length: threads }, (_, thread) =>
      startThread('pool-thread.js', dataOf(thread)).on('error', (error) => (failure ??= error)),
    )
  /** Of a thread before its first task, when nobody waits for it. */
  let failure: Error | undefined
  let workers = startsNow ? start() : undefined
  return {
    async run(task, signal) {
      if (isClosed) throw kernelError('KERNEL_THREAD_LOST', 'the pool of threads is closed')
      if (failure) throw lostThread(task, failure.message, failure)
      workers ??= start()
      const abort = watchSignal(signal)
      try {
        const done = workers.map((worker) => runOn(worker, task))
        await Promise.race([Promise.all(done), abort.promise])
      } finally {
        abort.stop()
      }
    },
    async close() {
      isClosed = true
      await Promise.all((workers ?? []).map((worker) => worker.terminate()))
      workers = undefined
    },
  }
}

const lostThread = ({ kernel }: RangeTask, why: string, cause?: unknown) =>
  kernelError(
    'KERNEL_THREAD_LOST',
    `a thread that ran ${kernel} ended (${why}): train again, with less data if it was memory`,
    { cause },
  )

function runOn(worker: Worker, task: RangeTask): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void): void => {
      worker.off('message', onDone).off('error', onError).off('exit', onExit)
      end()
    }
    const lost = (why: string, cause?: unknown): void =>
      settle(() => reject(lostThread(task, why, cause)))
    const onDone = (): void => settle(resolve)
    const onError = (error: Error): void => lost(error.message, error)
    const onExit = (code: number): void => lost(`exit code ${code}`)
    worker.on('message', onDone).on('error', onError).on('exit', onExit)
    worker.postMessage(task)
  })
}

/** A promise that never resolves and rejects with the signal's reason; `stop` before it is left. */
function watchSignal(signal: AbortSignal | undefined) {
  let stop = (): void => undefined
  const promise = new Promise<never>((_, reject) => {
    const onAbort = (): void => reject(signal?.reason as Error)
    if (signal?.aborted) onAbort()
    signal?.addEventListener('abort', onAbort, { once: true })
    stop = () => signal?.removeEventListener('abort', onAbort)
  })
  return { promise, stop: () => stop() }
}

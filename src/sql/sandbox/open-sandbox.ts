/**
 * The sandbox: a small pool of children, a short queue before it, one query at a time in each child. One child is kept
 * ready so that a query need not wait for a process to start (about 150 ms).
 */
import { isAbsolute, relative } from 'node:path'
import { isMillraceError, silentLogger, systemClock, type Logger } from '../../core/index.ts'
import type { SandboxRequest, SandboxResult, SandboxView, SqlSandbox } from '../engine.ts'
import { sqlError } from '../errors.ts'
import { reviveRows, toWire } from './protocol.ts'
import { startQueryProcess, timeoutError, type QueryProcess } from './query-process.ts'

export interface SqlSandboxOptions {
  /**
   * Folder that holds all files of all views. Children work in it, so that as another user they reach the files without
   * any right on the folders above; files elsewhere must be readable by everybody. Its own files must be readable by all.
   */
  readonly dir?: string
  /** Address space of each child, bytes. Default 2 GiB, of which Node itself takes 1.4. Linux only. */
  readonly memoryBytes?: number
  /** Most queries that run at the same time. Default 2. */
  readonly children?: number
  /** Most queries that wait; one more is refused with SQL_BUSY. Default 32. */
  readonly maxWaiting?: number
  readonly logger?: Logger
}

const DEFAULT_MEMORY_BYTES = 2 * 1024 ** 3
/** A child's memory is fragmented after a while; a fresh one costs 150 ms, not seen by any query. */
const QUERIES_PER_CHILD = 500

interface Child {
  readonly process: QueryProcess
  queries: number
  isBusy: boolean
}

interface Job {
  readonly request: SandboxRequest
  readonly deadline: number
  start(child: Child): void
  fail(error: Error): void
}

export async function openSandbox(options: SqlSandboxOptions = {}): Promise<SqlSandbox> {
  const sandbox = createSandbox(options)
  await sandbox.warmUp()
  return sandbox
}

function createSandbox(options: SqlSandboxOptions): SqlSandbox & { warmUp(): Promise<void> } {
  const { maxWaiting = 32, children: mostChildren = 2, logger = silentLogger } = options
  const dir = options.dir ?? ''
  const isLinux = process.platform === 'linux'
  const addressSpaceBytes = isLinux ? (options.memoryBytes ?? DEFAULT_MEMORY_BYTES) : 0
  const children = new Set<Child>()
  const waiting: Job[] = []
  let nextId = 1
  let isClosed = false

  const startChild = (): Child => {
    const child: Child = {
      process: startQueryProcess({ addressSpaceBytes, dir }),
      queries: 0,
      isBusy: true,
    }
    children.add(child)
    let wasReady = false
    void child.process.ended.then(() => {
      children.delete(child)
      // One that never started would be started for ever.
      if (wasReady) dispatch()
    })
    child.process.ready.then(
      (isolation) => {
        logger.debug({ isolation }, 'A query process is ready.')
        wasReady = true
        child.isBusy = false
        dispatch()
      },
      (error: Error) => {
        if (isClosed) return
        logger.error({ error }, 'A query process did not start.')
        // Nobody is left to take them, and a new try would most likely end the same way.
        if (children.size <= 1) for (const job of waiting.splice(0)) job.fail(error)
      },
    )
    return child
  }

  const dispatch = (): void => {
    for (const child of children) {
      if (waiting.length === 0) break
      if (!child.isBusy) waiting.shift()?.start(child)
    }
    if (isClosed) return
    const isShort = waiting.length > 0 ? children.size < mostChildren : children.size === 0
    if (isShort) startChild()
  }

  const runOn = async (child: Child, { request, deadline }: Job): Promise<SandboxResult> => {
    const id = nextId++
    const started = systemClock.monotonic()
    const cancel = (): void => child.process.cancel(id)
    child.isBusy = true
    request.signal?.addEventListener('abort', cancel, { once: true })
    try {
      const { sql, maxRows, maxBytes } = request
      const { columns, rows, truncated } = await child.process.query({
        id,
        sql,
        params: (request.params ?? []).map(toWire),
        views: request.views.map((view) => insideFolder(dir, view)),
        maxRows,
        maxBytes,
        timeoutMs: Math.max(1, deadline - started),
      })
      const durationMs = systemClock.monotonic() - started
      return { columns, rows: reviveRows(columns, rows), truncated, durationMs }
    } catch (error) {
      // What the allocator holds after this is unknown.
      if (isMillraceError(error, 'SQL_OUT_OF_MEMORY')) child.queries = QUERIES_PER_CHILD
      throw error
    } finally {
      request.signal?.removeEventListener('abort', cancel)
      child.isBusy = false
      if (++child.queries >= QUERIES_PER_CHILD) {
        children.delete(child)
        child.process.kill()
      }
      // In its own turn: only then is a child that ended taken from the list.
      setImmediate(dispatch)
    }
  }

  const enqueue = (request: SandboxRequest): Promise<SandboxResult> =>
    new Promise((resolve, reject) => {
      const { signal, timeoutMs } = request
      const leave = (): void => {
        const index = waiting.indexOf(job)
        if (index >= 0) waiting.splice(index, 1)
        stopTimer()
        signal?.removeEventListener('abort', abort)
      }
      const fail = (error: Error): void => {
        leave()
        reject(error)
      }
      const abort = (): void => fail(cancelledError(signal))
      const job: Job = {
        request,
        deadline: systemClock.monotonic() + timeoutMs,
        fail,
        start(child) {
          stopTimer()
          runOn(child, job).then(resolve, reject).finally(leave)
        },
      }
      const stopTimer = systemClock.after(timeoutMs, () => fail(timeoutError(timeoutMs)))
      signal?.addEventListener('abort', abort, { once: true })
      waiting.push(job)
      dispatch()
    })

  return {
    async run(request) {
      if (isClosed) throw sqlError('SQL_CANCELLED', 'the sandbox is closed: open a new one')
      if (request.signal?.aborted) throw cancelledError(request.signal)
      if (waiting.length >= maxWaiting) {
        throw sqlError(
          'SQL_BUSY',
          `${waiting.length} queries wait already: try again in a second`,
          {
            retryAfterSeconds: 1,
          },
        )
      }
      return enqueue(request)
    },
    async warmUp() {
      await startChild().process.ready.catch(() => undefined)
    },
    async close() {
      isClosed = true
      const error = sqlError('SQL_CANCELLED', 'the sandbox is closed: open a new one')
      for (const job of waiting.splice(0)) job.fail(error)
      const ends = [...children].map(({ process }) => {
        process.kill(error)
        return process.ended
      })
      await Promise.all(ends)
    },
  }
}

const cancelledError = (signal: AbortSignal | undefined): Error =>
  sqlError('SQL_CANCELLED', 'the query was cancelled before it ended', { cause: signal?.reason })

/** Paths below the folder are written relative to it. */
function insideFolder(dir: string, view: SandboxView): SandboxView {
  if (dir === '') return view
  const files = view.files.map((file) => {
    const inside = relative(dir, file)
    return inside === '' || inside.startsWith('..') || isAbsolute(inside) ? file : inside
  })
  return { ...view, files }
}

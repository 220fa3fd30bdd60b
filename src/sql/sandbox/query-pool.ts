/** A small pool of children and a short queue before it; one query at a time in each child, one child always ready. */
import { isMillraceError, systemClock, type Logger } from '../../core/index.ts'
import type { SandboxRequest, SandboxResult, SqlSandbox } from '../engine.ts'
import { sqlError } from '../errors.ts'
import { reviveRows, toWire } from './protocol.ts'
import { cancelledError, closedError, createQueryJob, type QueryJob } from './query-job.ts'
import { startQueryProcess, type QueryProcess, type QueryProcessOptions } from './query-process.ts'
import { reachableViews, type ReachableViews } from './reachable-files.ts'

/** A child's memory is fragmented after a while; a fresh one costs 150 ms, not seen by any query. */
const QUERIES_PER_CHILD = 500

export interface QueryPoolOptions extends QueryProcessOptions {
  readonly mostChildren: number
  readonly maxWaiting: number
  readonly logger: Logger
}

interface Child {
  readonly process: QueryProcess
  queries: number
  isBusy: boolean
}

export class QueryPool implements SqlSandbox {
  readonly #options: QueryPoolOptions
  readonly #children = new Set<Child>()
  readonly #waiting = new Set<QueryJob>()
  #nextId = 1
  #isClosed = false

  constructor(options: QueryPoolOptions) {
    this.#options = options
  }

  async run(request: SandboxRequest): Promise<SandboxResult> {
    if (this.#isClosed) throw closedError()
    if (request.signal?.aborted) throw cancelledError(request.signal)
    if (this.#waiting.size >= this.#options.maxWaiting) {
      throw sqlError(
        'SQL_BUSY',
        `${this.#waiting.size} queries wait already: try again in a second`,
        {
          retryAfterSeconds: 1,
        },
      )
    }
    const job = createQueryJob(request, (ended) => this.#waiting.delete(ended))
    this.#waiting.add(job)
    this.#dispatch()
    return job.promise
  }

  /** Resolves when the first child is ready, or could not start: then the first query says why. */
  async warmUp(): Promise<void> {
    await this.#startChild().process.ready.catch(() => undefined)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const job of this.#waiting) job.fail(closedError())
    const ends = [...this.#children].map(({ process }) => {
      process.kill(closedError())
      return process.ended
    })
    await Promise.all(ends)
  }

  #dispatch(): void {
    for (const child of this.#children) {
      const [job] = this.#waiting
      if (job === undefined) break
      if (child.isBusy) continue
      this.#waiting.delete(job)
      child.isBusy = true
      job.follow(this.#runOn(child, job))
    }
    if (this.#isClosed) return
    const wanted = this.#waiting.size > 0 ? this.#options.mostChildren : 1
    if (this.#children.size < wanted) this.#startChild()
  }

  #startChild(): Child {
    const { logger } = this.#options
    const child: Child = { process: startQueryProcess(this.#options), queries: 0, isBusy: true }
    this.#children.add(child)
    child.process.ready.then(
      (isolation) => {
        logger.debug({ isolation }, 'A query process is ready.')
        if (isolation.uid === 0) {
          logger.warn({}, 'Queries of users run as root: start as another user, or allow setuid.')
        }
        child.isBusy = false
        this.#dispatch()
      },
      (error: Error) => {
        this.#children.delete(child)
        if (this.#isClosed) return
        logger.error({ error }, 'A query process did not start.')
        // A new try would most likely end the same way: the next query makes it.
        if (this.#children.size === 0) for (const job of this.#waiting) job.fail(error)
      },
    )
    void child.process.ended.then(() => {
      if (this.#children.delete(child)) this.#dispatch()
    })
    return child
  }

  async #runOn(child: Child, job: QueryJob): Promise<SandboxResult> {
    const { request } = job
    const id = this.#nextId++
    const started = systemClock.monotonic()
    const cancel = (): void => child.process.cancel(id)
    request.signal?.addEventListener('abort', cancel, { once: true })
    let reachable: ReachableViews | undefined
    try {
      reachable = await reachableViews(this.#options.dir, request.views)
      const { sql, maxRows, maxBytes, params = [] } = request
      const limits = { maxRows, maxBytes, timeoutMs: job.timeLeft() }
      const message = { id, sql, params: params.map(toWire), views: reachable.views, ...limits }
      const { columns, rows, truncated } = await child.process.query(message)
      const durationMs = systemClock.monotonic() - started
      return { columns, rows: reviveRows(columns, rows), truncated, durationMs }
    } catch (error) {
      // What the allocator holds after this is unknown.
      if (isMillraceError(error, 'SQL_OUT_OF_MEMORY')) child.queries = QUERIES_PER_CHILD
      throw error
    } finally {
      request.signal?.removeEventListener('abort', cancel)
      await reachable?.release()
      this.#putBack(child)
    }
  }

  #putBack(child: Child): void {
    child.isBusy = false
    if (++child.queries >= QUERIES_PER_CHILD) {
      this.#children.delete(child)
      child.process.kill()
    }
    // In its own turn: only then is a child that ended taken from the list.
    setImmediate(() => this.#dispatch())
  }
}

/**
 * Follows a topic's tail: reads all partitions, hands over records in runs, and knows how far it is.
 *
 * ```
 *  partition 0 ─┐
 *  partition 1 ─┼─► waiting records ─► apply, one run at a time ─► ends move, those who wait for them wake
 *  …           ─┘   (bounded: the readers stop when it is full)
 * ```
 * A failure stops nothing for good: it is logged, told to everyone who waits, and tried again with back-off.
 */
import { isMillraceError, type Clock, type LogRecord, type Logger } from '../core/index.ts'
import type { Log } from '../log/index.ts'
import { featureError } from './errors.ts'

/** Records of one run: large enough to share the cost of a query, small enough to stay near 100 ms. */
const RUN_RECORDS = 4_000
/** Records in memory after which the readers wait: one run more, since the garbage collector copies what stays. */
const WAITING_RECORDS = 8_000
const RETRY_MS = [100, 500, 2_000, 10_000] as const

export interface TopicFollowerOptions {
  readonly log: Log
  readonly topic: string
  /** Name under which the log keeps what is not applied yet from retention. */
  readonly holder: string
  /** Per partition, the first offset to read. A partition that is missing begins at its earliest offset. */
  readonly from: ReadonlyMap<number, number>
  readonly apply: (records: readonly LogRecord[]) => Promise<void>
  readonly clock: Clock
  readonly logger: Logger
  /** Called when positions or known ends have moved. */
  readonly onProgress?: () => void
}

export interface TopicFollower {
  /** Per partition, the offset after the last record that was applied. */
  readonly ends: ReadonlyMap<number, number>
  /** Durable records that are not applied, as far as known at the last look at the log. */
  lag(): number
  /** Resolves when everything durable now is applied. Rejects with the failure while the follower cannot go on. */
  refresh(): Promise<void>
  /** Looks up how far the log is. */
  look(): Promise<void>
  close(): Promise<void>
}

interface Waiter {
  readonly targets: ReadonlyMap<number, number>
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export async function followTopic(options: TopicFollowerOptions): Promise<TopicFollower> {
  const { log, topic } = options
  const info = await log.topic(topic)
  const starts = new Map(
    info.partitions.map(({ partition, earliest }) => [
      partition,
      options.from.get(partition) ?? earliest,
    ]),
  )
  const follower = new Follower(options, starts, info.config.cleanup === 'compact')
  await follower.look()
  follower.start()
  return follower
}

class Follower implements TopicFollower {
  readonly ends: Map<number, number>
  readonly #options: TopicFollowerOptions
  readonly #stop = new AbortController()
  readonly #known = new Map<number, number>()
  readonly #waiters = new Set<Waiter>()
  readonly #mayHaveGaps: boolean
  readonly #loops: Promise<void>[] = []
  #waiting: LogRecord[] = []
  #wakeApply: () => void = () => {}
  #wakeReaders: (() => void)[] = []
  #failure: unknown

  constructor(options: TopicFollowerOptions, starts: Map<number, number>, mayHaveGaps: boolean) {
    this.#options = options
    this.#mayHaveGaps = mayHaveGaps
    this.ends = starts
    for (const partition of starts.keys()) this.#hold(partition)
  }

  start(): void {
    for (const [partition, from] of this.ends) {
      let next = from
      this.#loops.push(
        this.#persist(`reading partition ${partition}`, async () => {
          const { log, topic } = this.#options
          const signal = this.#stop.signal
          for await (const batch of log.read(topic, partition, next, { follow: true, signal })) {
            await this.#enqueue(batch.records)
            next = (batch.records.at(-1)?.offset ?? next - 1) + 1
          }
        }),
      )
    }
    this.#loops.push(this.#persist('applying records', () => this.#applyAll()))
  }

  lag(): number {
    let lag = 0
    for (const [partition, end] of this.#known) {
      lag += Math.max(0, end - (this.ends.get(partition) ?? 0))
    }
    return lag
  }

  async look(): Promise<void> {
    const { partitions } = await this.#options.log.topic(this.#options.topic)
    for (const { partition, end } of partitions) this.#known.set(partition, end)
    this.#options.onProgress?.()
  }

  async refresh(): Promise<void> {
    this.#stop.signal.throwIfAborted()
    await this.look()
    const targets = new Map(this.#known)
    if (this.#mayHaveGaps) await this.#skipGaps(targets)
    if (this.#reached(targets)) return
    if (this.#failure !== undefined) throw this.#failure
    await new Promise<void>((resolve, reject) => {
      this.#waiters.add({ targets, resolve, reject })
    })
  }

  async close(): Promise<void> {
    this.#stop.abort(
      featureError(
        'FEATURE_STORE_CLOSED',
        `the features of topic ${this.#options.topic} are closed: open the store again`,
      ),
    )
    this.#wakeApply()
    this.#releaseReaders()
    this.#failWaiters(this.#stop.signal.reason)
    await Promise.all(this.#loops)
  }

  async #enqueue(records: readonly LogRecord[]): Promise<void> {
    for (const record of records) this.#waiting.push(record)
    this.#wakeApply()
    while (this.#waiting.length > WAITING_RECORDS && !this.#stop.signal.aborted) {
      await new Promise<void>((resolve) => this.#wakeReaders.push(resolve))
    }
  }

  async #applyAll(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      if (this.#waiting.length === 0) {
        await new Promise<void>((resolve) => (this.#wakeApply = resolve))
        continue
      }
      const run = this.#waiting.slice(0, RUN_RECORDS)
      await this.#options.apply(run)
      this.#failure = undefined
      this.#waiting = this.#waiting.slice(run.length)
      for (const { partition, offset } of run) this.ends.set(partition, offset + 1)
      for (const partition of new Set(run.map((record) => record.partition))) this.#hold(partition)
      this.#releaseReaders()
      this.#wakeWaiters()
      await this.look()
    }
  }

  /** Runs the work until it ends by itself at the stop; after a failure again, later and later. */
  async #persist(what: string, work: () => Promise<void>): Promise<void> {
    const { clock, logger, topic } = this.#options
    const { signal } = this.#stop
    for (let attempt = 0; !signal.aborted; attempt++) {
      const started = clock.monotonic()
      try {
        await work()
        return
      } catch (error) {
        if (signal.aborted || isMillraceError(error, 'LOG_CLOSED')) return
        if (clock.monotonic() - started > RETRY_MS[RETRY_MS.length - 1]!) attempt = 0
        const delayMs = RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)]!
        this.#failure = error
        logger.error({ topic, error, retryMs: delayMs }, `features fell behind while ${what}`)
        this.#failWaiters(error)
        await clock.sleep(delayMs, signal).catch(() => undefined)
      }
    }
  }

  #hold(partition: number): void {
    const { log, topic, holder } = this.#options
    log.hold(holder, { topic, partition, offset: this.ends.get(partition) ?? 0 })
  }

  /** Compaction may have taken the last records before the end; then there is nothing to wait for. */
  async #skipGaps(targets: ReadonlyMap<number, number>): Promise<void> {
    const { log, topic } = this.#options
    for (const [partition, to] of targets) {
      const from = this.ends.get(partition) ?? 0
      if (from >= to) continue
      const rest = log.read(topic, partition, from, { to })[Symbol.asyncIterator]()
      const { done } = await rest.next()
      await rest.return?.()
      if (done) this.ends.set(partition, to)
    }
  }

  #reached(targets: ReadonlyMap<number, number>): boolean {
    for (const [partition, end] of targets) {
      if ((this.ends.get(partition) ?? 0) < end) return false
    }
    return true
  }

  #wakeWaiters(): void {
    for (const waiter of this.#waiters) {
      if (!this.#reached(waiter.targets)) continue
      this.#waiters.delete(waiter)
      waiter.resolve()
    }
  }

  #failWaiters(error: unknown): void {
    for (const waiter of this.#waiters) waiter.reject(error)
    this.#waiters.clear()
  }

  #releaseReaders(): void {
    const wake = this.#wakeReaders
    this.#wakeReaders = []
    for (const resume of wake) resume()
  }
}

/**
 * Runs one derived stream: reads, folds, and takes what is due through its step, one after the other. The coordinator only
 * connects: what is computed is the operator's, how a step is made durable lies in `step-writer.ts`, what is done at a
 * start in `restore-stream.ts`.
 */
import {
  isMillraceError,
  silentLogger,
  silentMetrics,
  type Clock,
  type Logger,
  type LogRecord,
  type Metrics,
} from '../../core/index.ts'
import type { Log } from '../../log/index.ts'
import { createDeadLetters } from '../dead-letters.ts'
import { distance, hasReached } from '../offset-ranges.ts'
import { createProgress } from '../progress.ts'
import { openTopicReader } from '../topic-reader.ts'
import type { DerivedStream, DropCounts, DropReason, StepSeam } from './derived-stream.ts'
import type { Operator } from './operator.ts'
import { restoreStream } from './restore-stream.ts'
import { createResultTopic } from './result-topic.ts'
import { openStepLog, type Step } from './step-log.ts'
import { createStepWriter, type StepJob } from './step-writer.ts'

export interface DerivedStreamOptions<Due> {
  readonly log: Log
  readonly name: string
  /** Both topics are there. */
  readonly from: string
  readonly to: string
  readonly operator: Operator<Due>
  readonly clock: Clock
  readonly logger?: Logger
  readonly metrics?: Metrics
  /** For crash tests: called at each seam of a step. */
  readonly seam?: (name: StepSeam) => void | Promise<void>
}

/** Consumer group of a stream; its committed offsets show the lag. The truth is the topic of steps. */
export const streamGroup = (name: string): string => `__millrace-stream-${name}`

/** How often a quiet source is looked at, milliseconds: a window closes at most so long after its time. */
const LOOK_MS = 250
/** Pause between attempts at a step, doubled each time. */
const FIRST_RETRY_MS = 100
const LAST_RETRY_MS = 2_000

/** Throws STREAM_STEP_INVALID, STREAM_FORMAT_NEWER, STREAM_LOG_BEHIND. */
export async function openDerivedStream<Due>(
  options: DerivedStreamOptions<Due>,
): Promise<DerivedStream> {
  const { log, name, from, to, operator, clock } = options
  const logger = (options.logger ?? silentLogger).child({ stream: name })
  const steps = await openStepLog(log)
  const restored = await restoreStream({ log, name, from, to, operator, steps, logger })
  const { positions } = restored
  const reader = await openTopicReader({
    log,
    topic: from,
    group: streamGroup(name),
    start: positions,
    clock,
    logger,
  })
  const writer = createStepWriter({
    log,
    operator,
    steps,
    letters: createDeadLetters(log, from, 'stream'),
    results: createResultTopic(log, to),
    commitOffsets: (offsets) => reader.commitOffsets(offsets),
    clock,
    seam: options.seam ?? (() => {}),
  })
  const write = (job: StepJob<Due>): Promise<Step> => writer.write(job)
  const runner = new Runner({ ...options, logger }, write, positions, restored)
  reader.start({
    waitForRoom: () => runner.progress.when(() => !runner.isBusy() || reader.isStopping()),
    onRecords: (records) => runner.take(records),
    onFailure: (error) => runner.progress.fail('read', error),
    onSuccess: () => runner.progress.heal('read'),
  })
  runner.start()
  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    const stopped = reader.stop()
    await runner.close()
    await stopped
    await reader.close()
  }
  return {
    name,
    progress: () => runner.facts(),
    settle: () => runner.settle(),
    close: () => (closing ??= close()),
  }
}

class Runner<Due> {
  readonly progress
  readonly #options: DerivedStreamOptions<Due> & { readonly logger: Logger }
  readonly #write: (job: StepJob<Due>) => Promise<Step>
  readonly #positions: Map<number, number>
  readonly #stop = new AbortController()
  #last: Step
  #dropped: DropCounts
  #job: StepJob<Due> | undefined
  #inbox: LogRecord[] = []
  #running: Promise<void> | undefined

  constructor(
    options: DerivedStreamOptions<Due> & { readonly logger: Logger },
    write: (job: StepJob<Due>) => Promise<Step>,
    positions: Map<number, number>,
    restored: { readonly step: Step; readonly job: StepJob<Due> | undefined },
  ) {
    this.#options = options
    this.#write = write
    this.#positions = positions
    this.#last = restored.step
    this.#dropped = restored.step.dropped
    this.#job = restored.job
    this.progress = createProgress(`the stream "${options.name}"`)
  }

  start(): void {
    this.#kick()
    void this.#lookAround()
  }

  isBusy(): boolean {
    return this.#running !== undefined
  }

  take(records: readonly LogRecord[]): void {
    this.#inbox.push(...records)
    this.#kick()
  }

  async settle(): Promise<void> {
    const targets = await this.#ends()
    this.#options.operator.look(targets, this.#positions)
    await this.progress.until(() => hasReached(this.#positions, targets) && !this.isBusy())
    this.#kick()
    await this.progress.until(() => !this.isBusy())
  }

  async facts(): ReturnType<DerivedStream['progress']> {
    const { name, from, to, operator } = this.#options
    const failure = this.progress.failure()
    return {
      name,
      from,
      to,
      steps: this.#last.steps,
      results: this.#last.results,
      dropped: this.#dropped,
      lagRecords: distance(this.#positions, await this.#ends()),
      ...operator.facts(),
      ...(failure && { failure: failure.message }),
    }
  }

  async close(): Promise<void> {
    this.#stop.abort()
    this.progress.changed()
    await this.#running
    this.progress.close()
  }

  /** Begins to work unless it works. */
  #kick(): void {
    if (this.#running || this.#stop.signal.aborted) return
    this.#running = this.#work().finally(() => {
      this.#running = undefined
      // What came in the last moment.
      if (this.#inbox.length > 0 && !this.#job) this.#kick()
      this.progress.changed()
    })
  }

  async #work(): Promise<void> {
    for (;;) {
      if (!this.#job) this.#fold()
      const job = (this.#job ??= this.#plan())
      if (!job || !(await this.#writeUntilDone(job))) return
      this.#job = undefined
      this.progress.changed()
    }
  }

  #fold(): void {
    const records = this.#inbox
    if (records.length === 0) return
    this.#inbox = []
    const { operator, metrics = silentMetrics, name } = this.#options
    const drops = operator.fold(records)
    for (const { partition, offset } of records) this.#positions.set(partition, offset + 1)
    const { late, ahead, invalid } = this.#dropped
    this.#dropped = {
      late: late + drops.late,
      ahead: ahead + drops.ahead,
      invalid: invalid + drops.invalid,
    }
    for (const reason of Object.keys(drops) as DropReason[]) {
      if (drops[reason] === 0) continue
      metrics.record('stream_dropped_total', { stream: name, reason }, drops[reason])
    }
  }

  #plan(): StepJob<Due> | undefined {
    const due = this.#options.operator.whatIsDue()
    if (due === undefined) return undefined
    const cuts = [...this.#positions].map(([partition, offset]) => ({ partition, offset }))
    const dropped = this.#dropped
    return { step: { ...this.#last, state: 'planned', cuts, due, dropped }, due, isPlanned: false }
  }

  /** False when the stream closes before it works. */
  async #writeUntilDone(job: StepJob<Due>): Promise<boolean> {
    const { clock, logger, name, metrics = silentMetrics } = this.#options
    let pauseMs = FIRST_RETRY_MS
    for (;;) {
      try {
        const done = await this.#write(job)
        const given = done.results - this.#last.results
        if (given > 0) metrics.record('stream_results_total', { stream: name }, given)
        this.#last = done
        this.progress.heal('write')
        return true
      } catch (error) {
        if (this.progress.failure()?.message !== (error as Error).message) {
          logger.error({ err: error }, 'a step of the stream failed, and is tried again')
        }
        this.progress.fail('write', error as Error)
        if (this.#stop.signal.aborted || isMillraceError(error, 'LOG_CLOSED')) return false
        pauseMs = Math.min(pauseMs * 2, LAST_RETRY_MS)
        await clock.sleep(pauseMs, this.#stop.signal).catch(() => {})
      }
    }
  }

  /** What only time brings: partitions that are quiet, windows that close although nothing comes. */
  async #lookAround(): Promise<void> {
    const { clock, operator } = this.#options
    const { signal } = this.#stop
    for (;;) {
      await clock.sleep(LOOK_MS, signal).catch(() => {})
      if (signal.aborted) return
      // A log that does not answer is the reader's to report.
      const ends = await this.#ends().catch(() => undefined)
      if (!ends) continue
      operator.look(ends, this.#positions)
      this.#kick()
    }
  }

  async #ends(): Promise<Map<number, number>> {
    const { partitions } = await this.#options.log.topic(this.#options.from)
    return new Map(partitions.map(({ partition, end }) => [partition, end]))
  }
}

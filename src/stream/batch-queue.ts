/**
 * Cut batches on their way to the lake: written strictly one after the other, in order of their numbers, and retried
 * until it works. The rows of a batch that cannot be written are kept; after a stop, its records still lie in the log.
 */
import { isMillraceError, type Clock, type Logger } from '../core/index.ts'
import type { Batch } from './batch.ts'
import type { RowStage } from '../lake/index.ts'
import type { CutBatch } from './batch-cutter.ts'
import type { BatchJob, BatchWriter } from './batch-writer.ts'
import type { KnownBatch } from './boundary-log.ts'
import type { Progress } from './progress.ts'

/** Batches that wait; the reader pauses above it, so what is staged on the disk is bounded by so many and the open one. */
const MOST_WAITING = 2
/** Pause between attempts, doubled each time: a disk that has space again is used within 2 s (promise P7: 5 s). */
const FIRST_RETRY_MS = 100
const LAST_RETRY_MS = 2_000

export interface BatchQueue {
  /** Takes a batch that was cut now. */
  add(cut: CutBatch<RowStage>): void
  /** Takes a batch of an earlier run. */
  resume(job: BatchJob): void
  hasRoom(): boolean
  isEmpty(): boolean
  lastNumber(): number
  isCommitted(number: number): boolean
  batches(): readonly Batch[]
  /** Makes one more attempt at each waiting batch and ends. */
  close(): Promise<void>
}

export interface BatchQueueOptions {
  readonly table: string
  readonly topic: string
  /** Where the log tells it. */
  readonly topicId: string | undefined
  /** Batches that are committed already, ascending. */
  readonly known: readonly KnownBatch[]
  readonly writer: BatchWriter
  readonly clock: Clock
  readonly logger: Logger
  readonly progress: Progress
  readonly onCommitted: (batch: Batch) => void
}

export function createBatchQueue(options: BatchQueueOptions): BatchQueue {
  const { writer, clock, logger, progress } = options
  const waiting: BatchJob[] = []
  const committed: Batch[] = options.known.map(publicBatch)
  const stop = new AbortController()
  let isClosing = false
  let running: Promise<void> = Promise.resolve()
  let isRunning = false

  const push = (job: BatchJob): void => {
    waiting.push(job)
    if (isRunning) return
    isRunning = true
    running = run()
  }

  async function run(): Promise<void> {
    for (let job = waiting[0]; job; job = waiting[0]) {
      const batch = await writeUntilDone(job)
      if (!batch) break
      waiting.shift()
      committed.push(publicBatch(batch))
      if (!job.wasCommitted) options.onCommitted(publicBatch(batch))
      progress.changed()
    }
    isRunning = false
  }

  /** Undefined when the queue closes before it works. */
  async function writeUntilDone(job: BatchJob): Promise<KnownBatch | undefined> {
    let pauseMs = FIRST_RETRY_MS
    for (;;) {
      try {
        const batch = await writer.write(job)
        if (progress.failure()) logger.info({ batch: batch.number }, 'batches are written again')
        progress.heal('write')
        return batch
      } catch (error) {
        report(job, error as Error)
        if (isClosing) return undefined
        pauseMs = isRetryable(error) ? Math.min(pauseMs * 2, LAST_RETRY_MS) : LAST_RETRY_MS
        await clock.sleep(pauseMs, stop.signal).catch(() => {})
      }
    }
  }

  function report(job: BatchJob, error: Error): void {
    const isNew = progress.failure()?.message !== error.message
    progress.fail('write', error)
    if (isNew) {
      logger.error(
        { err: error, batch: job.batch.number },
        'a batch cannot be written; its records are safe in the log, and it is tried again',
      )
    }
  }

  return {
    add(cut) {
      push({
        batch: plannedBatch(options, cut),
        isPlanned: false,
        wasCommitted: false,
        stage: cut.collected,
      })
    },
    resume: push,
    hasRoom: () => waiting.length < MOST_WAITING,
    isEmpty: () => waiting.length === 0,
    lastNumber: () => waiting.at(-1)?.batch.number ?? committed.at(-1)?.number ?? 0,
    isCommitted: (number) => (committed.at(-1)?.number ?? 0) >= number,
    batches: () => [...committed, ...waiting.filter((job) => job.isPlanned).map(toPublic)],
    async close() {
      isClosing = true
      stop.abort()
      await running
      for (const job of waiting) job.stage?.discard()
    },
  }
}

const isRetryable = (error: unknown): boolean => isMillraceError(error) && error.retryable
const toPublic = (job: BatchJob): Batch => publicBatch(job.batch)

function publicBatch(known: KnownBatch): Batch {
  const { deadLettersFrom: _letters, topicId: _topic, ...batch } = known
  return batch
}

function plannedBatch(
  options: Pick<BatchQueueOptions, 'table' | 'topic' | 'topicId'>,
  cut: CutBatch<RowStage>,
): KnownBatch {
  return {
    table: options.table,
    topic: options.topic,
    number: cut.number,
    trigger: cut.trigger,
    state: 'planned',
    ranges: cut.ranges,
    rows: 0,
    deadLetters: 0,
    firstTime: isoTime(cut.firstTimeMs),
    lastTime: isoTime(cut.lastTimeMs),
    closedAt: isoTime(cut.closedAtMs),
    files: [],
    deadLettersFrom: 0,
    ...(options.topicId !== undefined && { topicId: options.topicId }),
  }
}

/** Record timestamps come from senders: one outside what ISO 8601 texts of JavaScript can say is moved to its edge. */
function isoTime(ms: number): string {
  const most = 8.64e15
  return new Date(Math.min(most, Math.max(-most, ms))).toISOString()
}

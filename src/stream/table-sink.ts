/**
 * Writes one topic to one table: polls, cuts, writes, one batch after the other. The coordinator only connects the steps:
 * what a batch is lies in `batch-cutter.ts`, how it is written in `batch-writer.ts`, what is done at a start in
 * `sink-recovery.ts`.
 */
import {
  silentLogger,
  silentMetrics,
  type Clock,
  type Column,
  type Logger,
  type Metrics,
} from '../core/index.ts'
import { rowConverter, type LakeTable, type RowStage } from '../lake/index.ts'
import type { Log } from '../log/index.ts'
import type { Batch, BatchPolicy, TableSink } from './batch.ts'
import { createBatchCutter, type BatchCutter } from './batch-cutter.ts'
import { checkPolicy } from './batch-policy.ts'
import { createBatchQueue, type BatchQueue } from './batch-queue.ts'
import { createBatchWriter, type Failpoint } from './batch-writer.ts'
import { openBoundaryLog } from './boundary-log.ts'
import { createDeadLetters } from './dead-letters.ts'
import { hasReached, type Positions } from './offset-ranges.ts'
import { createProgress, type Progress } from './progress.ts'
import { recoverBatches, type Recovery } from './sink-recovery.ts'
import { openTopicReader, type TopicReader } from './topic-reader.ts'
import { readTail } from './tail-reader.ts'

export interface TableSinkOptions {
  readonly log: Log
  readonly table: LakeTable
  readonly topic: string
  readonly policy: BatchPolicy
  /** The topic's columns, without those that the lake adds. */
  readonly columns: readonly Column[]
  readonly clock: Clock
  readonly logger?: Logger
  readonly metrics?: Metrics
  /** For crash tests: called before and after each durable step. */
  readonly failpoint?: (name: Failpoint) => void | Promise<void>
  /** A tail of more records is committed first. Default 200,000. */
  readonly mostTailRecords?: number
}

/** Consumer group of a table's sink; its committed offsets show the lag. The truth is the boundary topic. */
export const sinkGroup = (table: string): string => `__millrace-sink-${table}`

/**
 * Opens the sink and first finishes what an earlier run left: planned batches are written with exactly their ranges, and
 * a table that lost batches gets them again, the same files from the same boundaries.
 *
 * Throws STREAM_INVALID_POLICY, STREAM_FORMAT_NEWER, STREAM_BOUNDARY_INVALID, STREAM_LOG_BEHIND. A full disk does not
 * fail the opening: `failure()` says it and the sink retries.
 */
export async function openTableSink(options: TableSinkOptions): Promise<TableSink> {
  const parts = await openParts(options)
  const { reader, queue, cutter, progress, recovery } = parts
  for (const job of recovery.jobs) queue.resume(job)
  await progress.until(() => queue.isEmpty()).catch(() => {})
  reader.start({
    waitForRoom: () => progress.when(() => hasRoom(parts) || reader.isStopping()),
    onRecords(records) {
      cutter.add(records)
      progress.changed()
    },
    onFailure: (error) => progress.fail('read', error),
    onSuccess: () => progress.heal('read'),
  })
  return sinkOf(options, parts)
}

/** Less of the open batch is on its way to its rows, and fewer batches wait, than may. */
const hasRoom = ({ queue, cutter }: Parts): boolean =>
  queue.hasRoom() && (cutter.collected()?.hasRoom() ?? true)

interface Parts {
  readonly rowsOf: ReturnType<typeof rowConverter>
  readonly recovery: Recovery
  readonly reader: TopicReader
  readonly queue: BatchQueue
  readonly cutter: BatchCutter<RowStage>
  readonly progress: Progress
  readonly listeners: Set<(batch: Batch) => void>
}

async function openParts(options: TableSinkOptions): Promise<Parts> {
  const { log, table, topic, clock, failpoint = () => {} } = options
  const policy = checkPolicy(table.name, options.policy)
  const logger = (options.logger ?? silentLogger).child({ table: table.name })
  const rowsOf = rowConverter(options.columns, table.partitionBy)
  const boundaries = await openBoundaryLog(log)
  const recovery = await recoverBatches({ log, table, topic, boundaries, logger })
  const { positions, nextNumber, topicId } = recovery
  const deadLetters = createDeadLetters(log, topic)
  await deadLetters.inherit(recovery.lettersFrom)
  const group = sinkGroup(table.name)
  const reader = await openTopicReader({ log, topic, group, start: positions, clock, logger })
  const progress = createProgress(`the sink of table "${table.name}"`)
  const listeners = new Set<(batch: Batch) => void>()
  const writer = createBatchWriter({
    log,
    table,
    boundaries,
    deadLetters,
    columns: options.columns,
    commitOffsets: (offsets) => reader.commitOffsets(offsets),
    clock,
    logger,
    metrics: options.metrics ?? silentMetrics,
    failpoint,
  })
  const queue = createBatchQueue({
    table: table.name,
    topic,
    topicId,
    known: recovery.batches,
    writer,
    clock,
    logger,
    progress,
    onCommitted: (batch) => tell(listeners, batch, logger),
  })
  const cutter = createBatchCutter({
    policy,
    clock,
    number: nextNumber,
    positions,
    collect: () => table.stage(options.columns, () => progress.changed()),
    onCut: (batch) => queue.add(batch),
  })
  return { rowsOf, recovery, reader, queue, cutter, progress, listeners }
}

function sinkOf(options: TableSinkOptions, parts: Parts): TableSink {
  const { log, table, topic } = options
  const { rowsOf, reader, queue, cutter, progress, listeners } = parts

  const endsNow = async (): Promise<Positions> => {
    const { partitions } = await log.topic(topic)
    return new Map(partitions.map(({ partition, end }) => [partition, end]))
  }
  /** Resolves with the batch that was cut for it, if any, when everything up to the targets is in the lake. */
  const commitUntil = async (targets: Positions): Promise<Batch | undefined> => {
    await progress.until(() => hasReached(cutter.positions(), targets))
    const cut = cutter.cut('flush')
    await progress.until(() => queue.isCommitted(cut?.number ?? queue.lastNumber()))
    return cut && queue.batches().findLast(({ number }) => number === cut.number)
  }
  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    const stopped = reader.stop()
    progress.changed()
    await stopped
    cutter.add(await reader.drain(cutter.positions()).catch(() => []))
    cutter.cut('stop')
    await queue.close()
    cutter.stop()
    progress.close()
    await reader.close()
  }

  return {
    table: table.name,
    topic,
    batches: () => queue.batches(),
    open() {
      const open = cutter.open()
      return open && { table: table.name, ...open }
    },
    flush: async () => commitUntil(await endsNow()),
    tail: () =>
      readTail({ log, table, topic, rowsOf, commitUntil, mostRecords: options.mostTailRecords }),
    onBatch(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    failure: () => progress.failure(),
    close: () => (closing ??= close()),
  }
}

function tell(listeners: ReadonlySet<(batch: Batch) => void>, batch: Batch, logger: Logger): void {
  for (const listener of listeners) {
    try {
      listener(batch)
    } catch (error) {
      logger.error({ err: error, batch: batch.number }, 'a listener of committed batches failed')
    }
  }
}

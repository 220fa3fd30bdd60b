/**
 * The checkpoint: takes one batch from cut to committed in the five steps of `batch.ts`. Each step may be repeated, so a
 * batch whose writing failed or was interrupted is written by going through all of them again.
 */
import type { Clock, Column, Logger, Metrics, TopicPartitionOffset } from '../core/index.ts'
import type { LakeFile, LakeTable, RowStage, StagedRows } from '../lake/index.ts'
import type { Log } from '../log/index.ts'
import type { BoundaryLog, KnownBatch } from './boundary-log.ts'
import { INVALID_RECORD, type DeadLetters } from './dead-letters.ts'
import { readRanges } from './range-reader.ts'

/** Instructions at which a test ends the process. */
export const FAILPOINTS = [
  'cut',
  'boundary-logged',
  'dead-letters-written',
  'lake-committed',
  'batch-recorded',
  'offsets-committed',
] as const
export type Failpoint = (typeof FAILPOINTS)[number]

/** One batch on its way; what is done already survives a failed attempt. */
export interface BatchJob {
  batch: KnownBatch
  /** The boundary is durable. */
  isPlanned: boolean
  /** The boundary topic says that the batch was committed once: its letters are written, its files are known. */
  readonly wasCommitted: boolean
  /** Its rows. Undefined for a batch that is to be read again from its boundary. */
  stage: RowStage | undefined
}

export interface BatchWriterOptions {
  readonly log: Log
  readonly table: LakeTable
  readonly boundaries: BoundaryLog
  readonly deadLetters: DeadLetters
  /** The topic's, without those that the lake adds. */
  readonly columns: readonly Column[]
  readonly commitOffsets: (offsets: readonly TopicPartitionOffset[]) => Promise<void>
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  readonly failpoint: (name: Failpoint) => void | Promise<void>
}

export interface BatchWriter {
  /** Answers the committed batch. Rejects with what the log or the lake says; the same job may be written again. */
  write(job: BatchJob): Promise<KnownBatch>
}

export function createBatchWriter(options: BatchWriterOptions): BatchWriter {
  const { log, table, boundaries, deadLetters, clock, metrics, failpoint } = options

  return {
    async write(job) {
      const startedAt = clock.monotonic()
      await failpoint('cut')
      // 1 boundary logged
      if (!job.isPlanned) {
        job.batch = { ...job.batch, deadLettersFrom: await deadLetters.end() }
        await boundaries.append(job.batch, clock.now())
        job.isPlanned = true
      }
      await failpoint('boundary-logged')
      const { number, ranges, topic } = job.batch
      const rows = await stagedRows(job)
      const { rejected } = rows
      if (!job.wasCommitted) {
        await deadLetters.write(rejected, job.batch.deadLettersFrom, clock.now())
      }
      await failpoint('dead-letters-written')
      // 2 file written, synced, renamed
      const { files } = await table.commit({ number, ranges, rows })
      job.stage?.discard()
      await failpoint('lake-committed')
      // 3 batch recorded
      const batch = job.wasCommitted
        ? compared(job.batch, files, options.logger)
        : await record(job.batch, files, rows.length, rejected.length)
      await failpoint('batch-recorded')
      // 4 offsets committed
      const ends = ranges.map(({ partition, last }) => ({ topic, partition, offset: last + 1 }))
      await options.commitOffsets(ends)
      await failpoint('offsets-committed')
      // 5 retention told
      for (const end of ends) log.hold(holderOf(table.name), end)
      metrics.record('batch_size_rows', { table: table.name, trigger: batch.trigger }, batch.rows)
      metrics.record(
        'batch_duration_seconds',
        { table: table.name },
        (clock.monotonic() - startedAt) / 1_000,
      )
      if (!job.wasCommitted && rejected.length > 0) {
        metrics.record('dead_letters_total', { topic, reason: INVALID_RECORD }, rejected.length)
      }
      return batch
    },
  }

  /** What became of the batch's records. Those that were lost on the way to the lake are read again from the log. */
  async function stagedRows(job: BatchJob): Promise<StagedRows> {
    if (job.stage) {
      try {
        return await job.stage.finish()
      } catch (error) {
        options.logger.warn({ err: error, batch: job.batch.number }, 'a batch is read again')
        job.stage.discard()
        job.stage = undefined
      }
    }
    const stage = table.stage(options.columns)
    try {
      const { topic, ranges } = job.batch
      for await (const records of readRanges(log, topic, ranges, options.logger)) {
        for (const each of records) stage.add(each)
        stage.push()
        await stage.room()
      }
      const rows = await stage.finish()
      job.stage = stage
      return rows
    } catch (error) {
      // What was read so far is not the batch.
      stage.discard()
      throw error
    }
  }

  async function record(
    planned: KnownBatch,
    files: readonly LakeFile[],
    rows: number,
    rejected: number,
  ): Promise<KnownBatch> {
    const batch: KnownBatch = {
      ...planned,
      state: 'committed',
      rows,
      deadLetters: rejected,
      files,
      committedAt: new Date(clock.now()).toISOString(),
    }
    await boundaries.append(batch, clock.now())
    return batch
  }
}

export const holderOf = (table: string): string => `sink:${table}`

const digests = (files: readonly LakeFile[]): string => files.map(({ sha256 }) => sha256).join()

/** A replayed batch must give the files it gave the first time (P10); a difference is said, not hidden. */
function compared(batch: KnownBatch, files: readonly LakeFile[], logger: Logger): KnownBatch {
  if (digests(batch.files) === digests(files)) return batch
  logger.warn(
    { table: batch.table, batch: batch.number, before: batch.files, now: files },
    'a batch that was written again from the log has other bytes than the first time',
  )
  return { ...batch, files }
}

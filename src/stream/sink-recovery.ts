/**
 * What a sink finds at its start: batches of the boundary topic against the table. The boundary topic and the log decide;
 * the table follows.
 */
import type { Logger } from '../core/index.ts'
import type { LakeFile, LakeTable, TableSnapshot } from '../lake/index.ts'
import type { Log, PartitionInfo } from '../log/index.ts'
import type { BatchJob } from './batch-writer.ts'
import { holderOf } from './batch-writer.ts'
import type { BoundaryLog, KnownBatch } from './boundary-log.ts'
import { streamError } from './errors.ts'
import { advance, type Positions } from './offset-ranges.ts'

export interface Recovery {
  /** Committed and in the table, ascending. */
  readonly batches: readonly KnownBatch[]
  /** To be written before anything new, ascending: planned ones, and those that the table has lost. */
  readonly jobs: readonly BatchJob[]
  /** Per partition, the first offset that no known batch covers. */
  readonly positions: Positions
  readonly nextNumber: number
  /** Of the topic, where the log tells it. */
  readonly topicId: string | undefined
  /** Letters from here on may be of batches that nobody knows any more. */
  readonly lettersFrom: number
}

export interface RecoveryOptions {
  readonly log: Log
  readonly table: LakeTable
  readonly topic: string
  readonly boundaries: BoundaryLog
  readonly logger: Logger
}

/** Throws STREAM_LOG_BEHIND when table or boundaries go beyond the end of the log, or are of a topic that is gone. */
export async function recoverBatches(options: RecoveryOptions): Promise<Recovery> {
  const { log, table, topic, logger } = options
  const snapshot = table.snapshot()
  const { partitions, id: topicId } = await log.topic(topic)
  const logged = await options.boundaries.read(table.name)
  const forgotten = await rebuildBoundaries(options, snapshot, logged)
  const known = [...forgotten, ...logged].toSorted((a, b) => a.number - b.number)

  checkTopic(table, topicId, known)
  let reached: Positions = new Map([
    ...partitions.map(({ partition, earliest }) => [partition, earliest] as const),
    ...snapshot.ends,
  ])
  for (const { ranges } of known) reached = advance(reached, ranges)
  checkEnds(table, partitions, reached)
  const positions = pastRetention(options, partitions, reached)
  holdFrom(log, table, topic, snapshot, partitions)

  const isInTable = (batch: KnownBatch): boolean =>
    batch.state === 'committed' && batch.number <= snapshot.lastBatch
  const jobs = known
    .filter((batch) => !isInTable(batch))
    .map((batch): BatchJob => ({
      batch,
      isPlanned: true,
      wasCommitted: batch.state === 'committed',
      stage: undefined,
    }))
  if (jobs.length > 0) {
    logger.info(
      { batches: jobs.length, first: jobs[0]?.batch.number },
      'batches that are known but not in the table are written first',
    )
  }
  const last = Math.max(known.at(-1)?.number ?? 0, snapshot.lastBatch)
  const lettersFrom = known.at(-1)?.deadLettersFrom ?? 0
  const batches = known.filter(isInTable)
  return { batches, jobs, positions, nextNumber: last + 1, topicId, lettersFrom }
}

/** A replaced or emptied log cannot continue a table: appending would give offsets that the table has already. */
function checkEnds(
  table: LakeTable,
  partitions: readonly PartitionInfo[],
  positions: Positions,
): void {
  for (const [partition, position] of positions) {
    const end = partitions.find((info) => info.partition === partition)?.end ?? 0
    if (position <= end) continue
    throw streamError(
      'STREAM_LOG_BEHIND',
      `table "${table.name}" holds partition ${partition} of topic "${table.topic}" up to offset ${position}, but the log ends at ${end}: ` +
        'restore the log that belongs to this data folder, or remove the folder and start anew',
      { details: { table: table.name, partition, position, end } },
    )
  }
}

/** Offsets of a topic that was deleted and made again are those of other records. */
function checkTopic(
  table: LakeTable,
  topicId: string | undefined,
  known: readonly KnownBatch[],
): void {
  const last = known.findLast((batch) => batch.topicId !== undefined)
  if (last === undefined || topicId === undefined || last.topicId === topicId) return
  throw streamError(
    'STREAM_LOG_BEHIND',
    `topic "${table.topic}" was deleted and made again since batch ${last.number} of table "${table.name}": ` +
      'start with a new data folder and another application.id, and its records are read from their beginning',
    { details: { table: table.name, topic: table.topic, batch: last.number } },
  )
}

/** A cluster's retention asks nobody: what it took before this sink had it is named here, and the table refuses to skip it. */
function pastRetention(
  { topic, table, logger }: RecoveryOptions,
  partitions: readonly PartitionInfo[],
  reached: Positions,
): Positions {
  const positions = new Map(reached)
  for (const { partition, earliest } of partitions) {
    const from = positions.get(partition) ?? earliest
    if (from >= earliest) continue
    logger.error(
      { table: table.name, topic, partition, from, earliest, missed: earliest - from },
      'retention removed records before they came into the table, which stops there: start with a new data folder, and keep records longer than an outage lasts',
    )
    positions.set(partition, earliest)
  }
  return positions
}

/** Retention keeps everything from the table's ends on until the sink has it. */
function holdFrom(
  log: Log,
  table: LakeTable,
  topic: string,
  snapshot: TableSnapshot,
  partitions: readonly PartitionInfo[],
): void {
  for (const { partition } of partitions) {
    const offset = snapshot.ends.get(partition) ?? 0
    log.hold(holderOf(table.name), { topic, partition, offset })
  }
}

/**
 * Batches that the table has and the boundary topic has not, because that topic was lost: their boundaries are read off
 * the files and logged again. Files that compaction merged do not tell the batches inside; those stay unknown.
 */
async function rebuildBoundaries(
  options: RecoveryOptions,
  snapshot: TableSnapshot,
  logged: readonly KnownBatch[],
): Promise<KnownBatch[]> {
  const numbers = new Set(logged.map(({ number }) => number))
  const files = new Map<number, LakeFile[]>()
  for (const file of snapshot.files) {
    const [first, last] = file.batches
    if (first !== last || numbers.has(first)) continue
    files.set(first, [...(files.get(first) ?? []), file])
  }
  const rebuilt = [...files].map(([number, of]) => boundaryOf(options, number, of))
  for (const batch of rebuilt.toSorted((a, b) => a.number - b.number)) {
    await options.boundaries.append(batch, 0)
  }
  if (rebuilt.length > 0) {
    options.logger.warn(
      { batches: rebuilt.length },
      'batch boundaries were missing from the log and were read off the files of the table',
    )
  }
  return rebuilt
}

function boundaryOf(
  options: RecoveryOptions,
  number: number,
  files: readonly LakeFile[],
): KnownBatch {
  const unknown = new Date(0).toISOString()
  const rows = files.reduce((sum, file) => sum + file.rows, 0)
  const ranges = files.map(({ partition, first, last }) => ({ partition, first, last }))
  const covered = ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0)
  return {
    table: options.table.name,
    topic: options.topic,
    number,
    trigger: 'flush',
    state: 'committed',
    ranges,
    rows,
    deadLetters: Math.max(0, covered - rows),
    firstTime: unknown,
    lastTime: unknown,
    closedAt: unknown,
    files,
    deadLettersFrom: 0,
  }
}

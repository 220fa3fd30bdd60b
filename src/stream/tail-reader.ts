/**
 * The part of a table that is not in the lake yet: everything durable after the ends of one fixed snapshot (S6). Read from
 * the log, not from the open batch, so it does not matter what the sink is doing meanwhile.
 */
import { isMillraceError, type LogRecord } from '../core/index.ts'
import {
  convertInTurns,
  type ConvertedRows,
  type LakeTable,
  type TableSnapshot,
} from '../lake/index.ts'
import type { Log } from '../log/index.ts'
import type { TableTail } from './batch.ts'
import { distance, hasReached, type Positions } from './offset-ranges.ts'

/** A tail is held in memory for one query: above either bound the sink first commits what it has. */
export const MOST_TAIL_RECORDS = 200_000
export const MOST_TAIL_BYTES = 128 * 1024 * 1024

export interface TailReaderOptions {
  readonly log: Log
  readonly table: LakeTable
  readonly topic: string
  readonly rowsOf: (records: readonly LogRecord[]) => ConvertedRows
  /** Commits everything up to the targets, or rejects with what keeps the sink from it. */
  readonly commitUntil: (targets: Positions) => Promise<unknown>
  readonly mostRecords?: number
  readonly mostBytes?: number
}

export async function readTail(options: TailReaderOptions): Promise<TableTail> {
  const { log, table, topic, rowsOf, commitUntil } = options
  const mostRecords = options.mostRecords ?? MOST_TAIL_RECORDS
  const { partitions } = await log.topic(topic)
  const targets = new Map(partitions.map(({ partition, end }) => [partition, end]))
  for (;;) {
    const snapshot = table.snapshot()
    const starts = await startsOf(log, topic, snapshot)
    const records =
      distance(starts, targets) > mostRecords
        ? undefined
        : await readBetween(options, starts, targets)
    if (records) {
      const ends = new Map(targets)
      for (const [partition, end] of snapshot.ends) {
        ends.set(partition, Math.max(end, ends.get(partition) ?? 0))
      }
      const { rows } = await convertInTurns(rowsOf, records)
      return { snapshot, rows, ends }
    }
    // Everything up to the targets is in the lake when this resolves, so the next round ends.
    if (!hasReached(snapshot.ends, targets)) await commitUntil(targets)
  }
}

/** Where the tail begins: after the snapshot, or at the earliest record that is left. */
async function startsOf(log: Log, topic: string, snapshot: TableSnapshot): Promise<Positions> {
  const { partitions } = await log.topic(topic)
  return new Map(
    partitions.map(({ partition, earliest }) => [
      partition,
      Math.max(earliest, snapshot.ends.get(partition) ?? 0),
    ]),
  )
}

/** Undefined when the records are too many bytes, or retention took the first of them away meanwhile. */
async function readBetween(
  options: TailReaderOptions,
  starts: Positions,
  targets: Positions,
): Promise<LogRecord[] | undefined> {
  const found: LogRecord[] = []
  let bytes = 0
  try {
    for (const [partition, to] of [...targets].toSorted(([a], [b]) => a - b)) {
      const from = starts.get(partition) ?? 0
      if (from >= to) continue
      for await (const { records } of options.log.read(options.topic, partition, from, { to })) {
        for (const record of records) {
          bytes += record.value?.byteLength ?? 0
          found.push(record)
        }
        if (bytes > (options.mostBytes ?? MOST_TAIL_BYTES)) return undefined
      }
    }
  } catch (error) {
    if (isMillraceError(error, 'LOG_OFFSET_OUT_OF_RANGE')) return undefined
    throw error
  }
  return found
}

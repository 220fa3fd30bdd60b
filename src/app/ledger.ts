/**
 * The ledger (promise P9): every event that a topic received is in exactly one place.
 *
 *   received = in lake + in flight + expired + duplicates + rejected + dead-lettered        with a table
 *   received = stored + expired + duplicates + rejected + dead-lettered                     without one
 *
 * The two sides come from different things, so a lost or doubled row shows as a difference. Left: the ends of the log's
 * partitions, the letters written at the door, and the door's own counts, less the letters that a retry brought in (their
 * events had been received before). Right: the rows and offsets of the lake's manifest, what the log has behind them, the
 * letters of both stages that are open or were dropped, and the same counts.
 *
 * Offsets stand for records, so a topic that another Kafka client writes in transactions, or that is compacted, shows the
 * offsets without a record as a difference.
 */
import type { Ingest } from '../ingest/index.ts'
import type { Lake } from '../lake/index.ts'
import type { Log, TopicInfo } from '../log/index.ts'
import type { TableSink } from '../stream/index.ts'

export interface Ledger {
  readonly topic: string
  /** The table that the topic's events become; absent for a topic without one. */
  readonly table?: string
  /** Events that reached the door, whatever became of them. A repeated one counts each time. */
  readonly received: number
  /** Rows of the table. */
  readonly inLake?: number
  /** Records of the log that no committed batch holds yet. */
  readonly inFlight?: number
  /** Records of the log, for a topic without a table. */
  readonly stored?: number
  /** What retention took away: rows of the table, or records of a topic without one. */
  readonly expired: number
  readonly duplicates: number
  /** Refused in the answer and not kept. */
  readonly rejected: number
  /** Letters that are open or were dropped. */
  readonly deadLettered: number
  readonly letters: { readonly open: number; readonly retried: number; readonly dropped: number }
  /** Received less everything else: 0, or something is lost or doubled. */
  readonly difference: number
  readonly balanced: boolean
}

export interface LedgerRooms {
  readonly log: Log
  readonly lake: Lake
  readonly ingest: Ingest
  readonly sinks: ReadonlyMap<string, TableSink>
}

/** Throws LOG_UNKNOWN_TOPIC. */
export async function readLedger(rooms: LedgerRooms, topic: string): Promise<Ledger> {
  const { log, lake, ingest, sinks } = rooms
  const sink = [...sinks.values()].find((one) => one.topic === topic)
  // The table first: what is committed later is in flight for this ledger, never nowhere.
  const snapshot = sink && lake.table(sink.table).snapshot()
  const { partitions } = await log.topic(topic)
  const settledOffsets = snapshot?.ends ?? endsOf(partitions)
  const letters = await ingest.deadLetters.census(topic, settledOffsets)
  const { retried, dropped } = await ingest.deadLetters.settled(topic)
  const { duplicates, rejected } = await ingest.counts(topic)
  const kept = snapshot
    ? {
        table: snapshot.table,
        inLake: snapshot.rows,
        inFlight: sum(partitions, (partition) => behind(partition, snapshot.ends)),
        expired: snapshot.expiredRows,
      }
    : {
        // A derived stream puts records aside that stay in the log.
        stored: sum(partitions, ({ earliest, end }) => end - earliest) - letters.sink,
        expired: sum(partitions, ({ earliest }) => earliest),
      }
  const ever = sum(partitions, ({ end }) => end)
  const received = ever - retried + letters.door + duplicates + rejected
  const deadLettered = letters.door + letters.sink - retried
  const { inLake = 0, inFlight = 0, stored = 0, expired } = kept
  const places = inLake + inFlight + stored + expired + duplicates + rejected + deadLettered
  return {
    topic,
    ...kept,
    received,
    duplicates,
    rejected,
    deadLettered,
    letters: { open: deadLettered - dropped, retried, dropped },
    difference: received - places,
    balanced: received === places,
  }
}

type Partition = TopicInfo['partitions'][number]

const sum = (partitions: readonly Partition[], of: (partition: Partition) => number): number =>
  partitions.reduce((total, partition) => total + of(partition), 0)

/** Records that wait for the table. What a cluster's retention took before that is nowhere: it stays as a difference. */
function behind(
  { partition, earliest, end }: Partition,
  ends: ReadonlyMap<number, number>,
): number {
  const settled = ends.get(partition)
  // A table that goes beyond its log is a difference, not less than nothing.
  return settled === undefined ? end : Math.max(0, end - Math.max(settled, earliest))
}

const endsOf = (partitions: readonly Partition[]): ReadonlyMap<number, number> =>
  new Map(partitions.map(({ partition, end }) => [partition, end]))

/**
 * Knows the open batch and decides when it is over. Rows and bytes cut on arrival; time and idle cut by timers of the
 * passed clock, so a batch closes also when nothing arrives (S3) and whatever the wall clock does.
 */
import type { Clock, LogRecord, OffsetRange } from '../core/index.ts'
import type { BatchPolicy, BatchTrigger } from './batch.ts'
import { advance, rangesOf, type Positions } from './offset-ranges.ts'

/** Where the records of one batch go; it is not the cutter that holds them. */
export interface RecordCollector {
  add(record: LogRecord): void
  /** Those of one arrival were added. */
  push(): void
}

/** A batch whose records are known and which nothing more joins. */
export interface CutBatch<Collector> {
  readonly number: number
  readonly trigger: BatchTrigger
  readonly ranges: readonly OffsetRange[]
  /** How many. */
  readonly records: number
  /** Record timestamps, milliseconds. */
  readonly firstTimeMs: number
  readonly lastTimeMs: number
  readonly collected: Collector
  readonly closedAtMs: number
}

export interface BatchCutter<Collector> {
  /** Takes the next records of the log; those before the position are known already and are left out. */
  add(records: readonly LogRecord[]): void
  /** Ends the open batch now. Undefined when it has no record. */
  cut(trigger: BatchTrigger): CutBatch<Collector> | undefined
  /** That of the open batch. */
  collected(): Collector | undefined
  /** Per partition, the offset after the last record taken. */
  positions(): Positions
  open():
    | {
        readonly number: number
        readonly rows: number
        readonly bytes: number
        readonly ageMs: number
      }
    | undefined
  /** Cancels the timers. */
  stop(): void
}

export interface BatchCutterOptions<Collector> {
  readonly policy: BatchPolicy
  readonly clock: Clock
  /** Number of the next batch. */
  readonly number: number
  readonly positions: Positions
  /** Called at the first record of each batch. */
  readonly collect: () => Collector
  readonly onCut: (batch: CutBatch<Collector>) => void
}

const nothing = (): void => {}

interface OpenBatch<Collector> {
  readonly collected: Collector
  readonly openedAt: number
  /** Last offset by partition. */
  readonly last: Map<number, number>
  records: number
  bytes: number
  firstTimeMs: number
  lastTimeMs: number
}

const openBatch = <Collector>(collected: Collector, openedAt: number): OpenBatch<Collector> => ({
  collected,
  openedAt,
  last: new Map(),
  records: 0,
  bytes: 0,
  firstTimeMs: Infinity,
  lastTimeMs: -Infinity,
})

export function createBatchCutter<Collector extends RecordCollector>(
  options: BatchCutterOptions<Collector>,
): BatchCutter<Collector> {
  const { policy, clock, collect, onCut } = options
  let number = options.number
  let start: Positions = options.positions
  let positions = new Map(options.positions)
  let open: OpenBatch<Collector> | undefined
  let cancelEvery: () => void = nothing
  let cancelIdle: () => void = nothing

  const stopTimers = (): void => {
    cancelEvery()
    cancelIdle()
  }

  const cut = (trigger: BatchTrigger): CutBatch<Collector> | undefined => {
    stopTimers()
    if (!open) return undefined
    const { collected, records, firstTimeMs, lastTimeMs } = open
    const ranges = rangesOf(start, open.last)
    collected.push()
    const of = { records, firstTimeMs, lastTimeMs, collected }
    const batch = { number, trigger, ranges, ...of, closedAtMs: clock.now() }
    number += 1
    start = advance(start, ranges)
    open = undefined
    onCut(batch)
    return batch
  }

  const take = (record: LogRecord): void => {
    if (!open) {
      open = openBatch(collect(), clock.monotonic())
      if (policy.everyMs !== undefined) cancelEvery = clock.after(policy.everyMs, () => cut('time'))
    }
    const { key, value, timestamp, partition, offset } = record
    open.collected.add(record)
    open.records++
    open.bytes += (key?.byteLength ?? 0) + (value?.byteLength ?? 0)
    open.firstTimeMs = Math.min(open.firstTimeMs, timestamp)
    open.lastTimeMs = Math.max(open.lastTimeMs, timestamp)
    open.last.set(partition, offset)
    positions.set(partition, offset + 1)
    if (policy.rows !== undefined && open.records >= policy.rows) cut('rows')
    else if (policy.bytes !== undefined && open.bytes >= policy.bytes) cut('bytes')
  }

  return {
    add(arrived) {
      const unknown = arrived.filter(
        ({ partition, offset }) => offset >= (positions.get(partition) ?? 0),
      )
      if (unknown.length === 0) return
      for (const record of unknown) take(record)
      open?.collected.push()
      cancelIdle()
      if (open && policy.idleMs !== undefined) {
        cancelIdle = clock.after(policy.idleMs, () => cut('idle'))
      }
    },
    cut,
    collected: () => open?.collected,
    positions: () => positions,
    open: () =>
      open && {
        number,
        rows: open.records,
        bytes: open.bytes,
        ageMs: clock.monotonic() - open.openedAt,
      },
    stop: stopTimers,
  }
}

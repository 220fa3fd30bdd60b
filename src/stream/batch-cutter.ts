/**
 * Holds the open batch and decides when it is over. Rows and bytes cut on arrival; time and idle cut by timers of the
 * passed clock, so a batch closes also when nothing arrives (S3) and whatever the wall clock does.
 */
import type { Clock, LogRecord, OffsetRange } from '../core/index.ts'
import type { BatchPolicy, BatchTrigger } from './batch.ts'
import { advance, inLakeOrder, rangesOf, type Positions } from './offset-ranges.ts'

/** A batch whose records are known and which nothing more joins. */
export interface CutBatch {
  readonly number: number
  readonly trigger: BatchTrigger
  readonly ranges: readonly OffsetRange[]
  /** By partition, then offset. */
  readonly records: readonly LogRecord[]
  readonly closedAtMs: number
}

export interface BatchCutter {
  /** Takes the next records of the log; those before the position are known already and are left out. */
  add(records: readonly LogRecord[]): void
  /** Ends the open batch now. Undefined when it has no record. */
  cut(trigger: BatchTrigger): CutBatch | undefined
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

export interface BatchCutterOptions {
  readonly policy: BatchPolicy
  readonly clock: Clock
  /** Number of the next batch. */
  readonly number: number
  readonly positions: Positions
  readonly onCut: (batch: CutBatch) => void
}

const nothing = (): void => {}

export function createBatchCutter(options: BatchCutterOptions): BatchCutter {
  const { policy, clock, onCut } = options
  let number = options.number
  let start: Positions = options.positions
  let positions = new Map(options.positions)
  let records: LogRecord[] = []
  let bytes = 0
  let openedAt = 0
  let cancelEvery: () => void = nothing
  let cancelIdle: () => void = nothing

  const stopTimers = (): void => {
    cancelEvery()
    cancelIdle()
  }

  const cut = (trigger: BatchTrigger): CutBatch | undefined => {
    stopTimers()
    if (records.length === 0) return undefined
    const ranges = rangesOf(start, records)
    const batch: CutBatch = {
      number,
      trigger,
      ranges,
      records: inLakeOrder(records),
      closedAtMs: clock.now(),
    }
    number += 1
    start = advance(start, ranges)
    records = []
    bytes = 0
    onCut(batch)
    return batch
  }

  const take = (record: LogRecord): void => {
    if (records.length === 0) {
      openedAt = clock.monotonic()
      if (policy.everyMs !== undefined) cancelEvery = clock.after(policy.everyMs, () => cut('time'))
    }
    records.push(record)
    bytes += (record.key?.byteLength ?? 0) + (record.value?.byteLength ?? 0)
    positions.set(record.partition, record.offset + 1)
    if (policy.rows !== undefined && records.length >= policy.rows) cut('rows')
    else if (policy.bytes !== undefined && bytes >= policy.bytes) cut('bytes')
  }

  return {
    add(arrived) {
      const unknown = arrived.filter(
        ({ partition, offset }) => offset >= (positions.get(partition) ?? 0),
      )
      if (unknown.length === 0) return
      for (const record of unknown) take(record)
      cancelIdle()
      if (records.length > 0 && policy.idleMs !== undefined) {
        cancelIdle = clock.after(policy.idleMs, () => cut('idle'))
      }
    },
    cut,
    positions: () => positions,
    open: () =>
      records.length === 0
        ? undefined
        : { number, rows: records.length, bytes, ageMs: clock.monotonic() - openedAt },
    stop: stopTimers,
  }
}

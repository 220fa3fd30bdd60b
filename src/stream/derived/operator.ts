/** What a derived stream computes. Time and the log are the coordinator's; an operator only folds records. */
import type { z } from 'zod'
import type { LogRecord, NewRecord } from '../../core/index.ts'
import type { RejectedRecord } from '../../lake/index.ts'
import type { DropCounts, StreamProgress } from './derived-stream.ts'

/** Where a partition is read again from after a start, and what was known there. */
export interface Origin {
  readonly partition: number
  readonly offset: number
  /** What the operator must know of the records before. */
  readonly carry: number | null
}

/** A position between two steps, as the log keeps it. */
export interface Base {
  readonly origins: readonly Origin[]
  /** Of windows: end of the newest closed one. */
  readonly closedUntil: number | null
}

export interface Results {
  readonly records: readonly NewRecord[]
  /** Records of the source that are put aside with this step. */
  readonly letters: readonly RejectedRecord[]
}

/**
 * Deterministic: with the same base, the same records in each partition and the same due, the results are the same, in
 * whatever order the partitions were read.
 */
export interface Operator<Due> {
  /** The form of what a plan holds. */
  readonly due: z.ZodType<Due>
  restore(base: Base): void
  /** Takes records, in the order of each partition. Answers how many of them are in no result, and why. */
  fold(records: readonly LogRecord[]): DropCounts
  /** What can be given out now. */
  whatIsDue(): Due | undefined
  results(due: Due): Results
  /** Where the step after this one begins. `positions`: how far each partition was read. Changes nothing. */
  baseAfter(due: Due, positions: ReadonlyMap<number, number>): Base
  /** Drops what was given out. */
  settle(due: Due): void
  /** Time has passed: `ends` of the partitions in the log, `positions` that were read. */
  look(ends: ReadonlyMap<number, number>, positions: ReadonlyMap<number, number>): void
  facts(): Pick<StreamProgress, 'watermark' | 'closedUntil' | 'openWindows'>
}

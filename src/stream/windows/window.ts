/**
 * A windowed aggregation is a declaration (design D15): source, event time, windows, lateness, keys, aggregates. This is the
 * law for whichever engine runs it; `window.conformance.ts` judges them alike.
 *
 * Windows are tumbling: `[n · size, (n + 1) · size)` of event time, counted from the Unix epoch. The watermark of a partition
 * is the largest event time seen in it, less the lateness; the stream's is the smallest of its partitions. A window is closed
 * when the watermark reaches its end.
 *
 * - **W1 windows**: a record counts in the window of its event time, whatever its place in the log.
 * - **W2 late**: a record is late when its own partition's watermark had reached the end of its window, or the window was
 *   closed. It is counted as `late` and in no result; up to the lateness nothing is late.
 * - **W3 once**: each window and key gives one result, also over crashes; the result is a function of the records alone.
 *   Partitions may be read in any order; sums of doubles are added by partition, then offset.
 * - **W4 quiet partitions**: a partition from which nothing came for `idle` of processing time, and of which all was read,
 *   holds no window back. When all are quiet, event time goes on with the clock, so that the last window closes too.
 * - **W5 empty windows**: with `empty: 'zero'` every window between the first and the newest closed one gives a result.
 *   At most `MOST_EMPTY` in a row: of a longer silence none, and the log says so.
 * - **W6 wall clock**: it may jump; only durations count. A record more than `ahead` before the wall clock is counted as
 *   `ahead`, and moves no watermark.
 */
import type { Column } from '../../core/index.ts'

/** A number of a row: the field itself, or the number of words of a text (runs of what is not white space). */
export interface ValueOf {
  readonly field: string
  readonly as?: 'words'
}

export type AggregateSpec =
  | { readonly kind: 'count' }
  | { readonly kind: 'sum' | 'min' | 'max' | 'avg'; readonly of: ValueOf }

export type AggregateKind = AggregateSpec['kind']

export interface WindowSpec {
  readonly sizeMs: number
  /** How long after the watermark's event a record may still come. */
  readonly latenessMs: number
  /** Silence after which a partition is quiet. */
  readonly idleMs: number
  /** How far before the wall clock an event may be. */
  readonly aheadMs: number
  /** Field with the event time: a timestamp, or a number of seconds or milliseconds. Default: the record's timestamp. */
  readonly eventTime?: string
  readonly keys: readonly string[]
  /** By name of the result's column. */
  readonly aggregates: Readonly<Record<string, AggregateSpec>>
  /** Only without keys. */
  readonly empty: 'zero' | 'none'
}

/** Most windows without a record that are given out for one silence. */
export const MOST_EMPTY = 10_000

export const WINDOW_COLUMNS: readonly Column[] = [
  { name: 'window_start', type: 'timestamp', nullable: false },
  { name: 'window_end', type: 'timestamp', nullable: false },
]

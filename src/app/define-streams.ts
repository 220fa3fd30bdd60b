/** Derived streams of an app: what is computed from the records of one topic into a topic and table of its own. */
import type { Duration } from '../core/index.ts'
import type { AggregateSpec } from '../stream/index.ts'
import type { BatchDefinition } from './define-app.ts'

/**
 * A windowed aggregation over event time (guarantees W1 to W6 of `stream/windows/window.ts`). Its columns: `window_start`,
 * `window_end`, the keys, the aggregates.
 */
export interface WindowDefinition<Topic extends string = string> {
  readonly kind: 'window'
  /** A topic of the app with a table. */
  readonly from: Topic
  /** Length of the tumbling windows, which begin at whole multiples of it since 1970. */
  readonly every: Duration
  /** Field with the event time. Default: the topic's, else the record's timestamp. */
  readonly eventTime?: string
  /** How long after newer events an event may come and still count. Default 0s. */
  readonly lateness?: Duration
  /** Silence after which a partition no longer holds a window back. Default 5s. */
  readonly idle?: Duration
  /** How far before the wall clock an event may be. Default 1d. */
  readonly ahead?: Duration
  /** Fields to group by. */
  readonly keys?: readonly string[]
  readonly aggregates: Readonly<Record<string, AggregateSpec>>
  /** `zero`: a window without an event gives a record too. Only without keys. Default `none`. */
  readonly empty?: 'zero' | 'none'
  /** When rows go from the log into the lake's files. Default: 10,000 rows or 30 s idle. */
  readonly batch?: BatchDefinition
}

/**
 * One record for each entry of a list. Columns: `row` (place in the list, from 0), the fields of its objects, then `take`; a
 * field that is itself a list of fixed length becomes so many columns, `x` of five `x_1` to `x_5`.
 */
export interface UnnestDefinition<Topic extends string = string> {
  readonly kind: 'unnest'
  /** A topic of the app without a table: messages that are not as declared become its dead letters. */
  readonly from: Topic
  /** The field with the list. */
  readonly each: string
  /** Fields of the message that every row gets. */
  readonly take?: readonly string[]
  /** When rows go from the log into the lake's files. Default: 10,000 rows or 30 s idle. */
  readonly batch?: BatchDefinition
}

export type StreamDefinition<Topic extends string = string> =
  | WindowDefinition<Topic>
  | UnnestDefinition<Topic>

/**
 * Features are declared once, as a SQL view keyed by an entity, and computed in two ways that must agree:
 * point in time for training (a row sees only what happened before it) and fresh from the log's tail for serving.
 *
 * ```sql
 * select userId, count(*) as user_ratings, (sum(rating) + 35) / (count(*) + 10) as user_mean
 * from ratings group by userId
 * ```
 * The first column is the entity key; every other one is a feature: an expression over aggregates of the topic's columns.
 * Aggregates that update incrementally: count, sum, avg, min, max, stddev, variance, arg_max/arg_min by event time, each
 * with an optional FILTER. A view that uses anything else is refused with FEATURE_NOT_INCREMENTAL, which names it.
 *
 * As-of order is the declared event time, ties by (partition, offset): design D14.
 *
 * Guarantees: **F1** no row sees its own or a later event. **F2** for a stream whose event-time order is its offset order,
 * the online value after record n equals the point-in-time value of a row after record n, to 1e-9. **F3** an online value
 * covers every record acknowledged before the last `refresh` resolved. **F4** an update costs by new records, never by history.
 */
import type { Column } from '../core/index.ts'
import type { SqlEngine } from '../sql/index.ts'

export interface FeatureViewSpec {
  readonly name: string
  readonly sql: string
}

/** The table that views and rows are read from. */
export interface FeatureTable {
  readonly name: string
  readonly topic: string
  readonly columns: readonly Column[]
  /** Column whose value orders events; any number or timestamp. Default: the record timestamp. */
  readonly eventTime?: string
}

export interface FeatureView {
  readonly name: string
  readonly table: string
  /** Column that names the entity. Compared as text, so ids of any type are fine. */
  readonly entity: string
  readonly features: readonly string[]
}

/**
 * What the rows of a frame may see:
 * - `row`: the events before the row (training, and everything that claims to be point in time);
 * - `others`: every event of the history but the row itself (training rows of a random split);
 * - `end`: the whole history (test rows of a random split, when the history has only training rows; entities).
 */
export type AsOf = 'row' | 'others' | 'end'

export interface FrameRequest {
  readonly table: FeatureTable
  /** Parquet files with the history: everything up to the end of the training set. */
  readonly files: readonly string[]
  readonly views: readonly FeatureViewSpec[]
  /** SQL predicate over the table's columns: which rows the frame has. Made by us, never by a user. Default: all. */
  readonly rows?: string
  /** SQL predicate: which rows of the history the features may see. Default: all. */
  readonly history?: string
  readonly asOf: AsOf
  /** SQL expression for the label; boolean becomes 0 or 1. */
  readonly label?: string
  /** Numeric columns of the row itself that are features. */
  readonly columns?: readonly string[]
  /** Columns taken as names (ids). */
  readonly categories?: readonly string[]
}

/** Rows in the order of (event time, partition, offset). */
export interface Frame {
  readonly rows: number
  /** View features in the order of the views, then `columns`. */
  readonly names: readonly string[]
  /** rows × names.length, row-major, NaN for missing. */
  readonly values: Float64Array
  readonly label: Float64Array | undefined
  readonly categories: Readonly<Record<string, readonly (string | null)[]>>
  readonly partition: Int32Array
  readonly offset: Float64Array
  /** The event-time column as a number (milliseconds for timestamps). */
  readonly eventTime: Float64Array
}

/** One row per entity of a view, as of the end of the history; for clusterers. Sorted by entity key. */
export interface EntityFrame {
  readonly rows: number
  readonly keys: readonly string[]
  readonly names: readonly string[]
  readonly values: Float64Array
}

/** Builds training data. Runs inside the training child. */
export interface FrameBuilder {
  frame(engine: SqlEngine, request: FrameRequest): Promise<Frame>
  entities(
    engine: SqlEngine,
    request: Omit<FrameRequest, 'asOf' | 'label'>,
    view: string,
  ): Promise<EntityFrame>
}

export interface FeatureFreshness {
  readonly view: string
  readonly entities: number
  /** Records of the topic that are durable but not yet in the view. */
  readonly lagRecords: number
  /** Per partition, the offset after the last record in the view. */
  readonly ends: ReadonlyMap<number, number>
  /** Largest event time seen, as a number; undefined before the first event. */
  readonly dataAsOf: number | undefined
}

/** Online features, in memory, kept fresh from the log's tail and rebuilt from the lake at start. */
export interface FeatureStore {
  readonly views: readonly FeatureView[]
  /** The entity's features in the order of the view's `features`; undefined for an entity never seen. */
  get(view: string, entity: string): Float64Array | undefined
  freshness(): readonly FeatureFreshness[]
  /** Resolves when everything durable at the time of the call is in the views. */
  refresh(): Promise<void>
  close(): Promise<void>
}

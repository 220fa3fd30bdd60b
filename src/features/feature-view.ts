/**
 * Features are declared once, as a SQL view keyed by an entity, and computed in two ways that must agree:
 * point in time for training (a row sees only what happened before it) and fresh from the log's tail for serving.
 *
 * ```sql
 * select userId, count(*) as user_ratings, (sum(rating) + 35) / (count(*) + 10) as user_mean
 * from ratings group by userId
 * ```
 * The first column is the entity: a whole number, text or boolean column, by which rows are joined. Every other one has a
 * name and is a feature: a number or boolean made of aggregates of the table's columns, constants and features before it.
 *
 * A view may hold:
 * - aggregates, each with an optional FILTER: `count`, `count_if`, `sum`, `avg` (`mean`), `min`, `max`, `stddev` (`_samp`,
 *   `_pop`), `variance` (`var_samp`, `var_pop`), `arg_max` and `arg_min` (`max_by`, `min_by`) by anything that can be
 *   compared, and `first` and `last` by event time. Everything else is refused with FEATURE_NOT_INCREMENTAL, by name;
 * - a WHERE over single rows: rows that do not satisfy it are no events of the view, but still have its features;
 * - deterministic scalar functions, operators, CASE and casts.
 *
 * It has one table and no join, subquery, window, DISTINCT, HAVING, ORDER BY or LIMIT: FEATURE_INVALID_VIEW says which.
 *
 * What differs from plain SQL: NULL values never win an `arg_max`, `first` or `last`; of equal ones `arg_max` takes the
 * latest event and `arg_min` the earliest; sums are doubles; an expression that fails on a row, or a number that is not
 * finite, is NULL there; sums, means and variances leave out numbers of 1e150 and more, whose squares have no double.
 * Moments are counted in UTC.
 *
 * An entity without an event that may be seen has no features: all are missing (NaN), as SQL has no such group.
 *
 * As-of order is the declared event time, ties by (partition, offset): design D14. Rows without an event time come last.
 *
 * A windowed view forgets: it is computed anew from the events of its window, at most a second after new events, and by every
 * `refresh`.
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
  /**
   * A windowed view: its features are of the events in the `windowMs` before a cut-off, the cut-off itself excluded. Its SQL
   * may use the column `_cutoff`, milliseconds since the Unix epoch. In training the cut-off is one of several in the past,
   * in serving it is the newest event.
   */
  readonly windowMs?: number
  /** SQL condition over a row, windowed views only: an entity with such an event in the window has left, and has no features. */
  readonly until?: string
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
  /** Of a windowed view. */
  readonly windowMs?: number
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
  /**
   * SQL predicate over the table's columns: which rows the frame has. Made by us, never by a user; may use window functions
   * (the last 20 % of each user's rows). Default: all.
   */
  readonly rows?: string
  /** SQL predicate of the same kind: which rows of the history the features may see. Default: all. */
  readonly history?: string
  readonly asOf: AsOf
  /** SQL expression for the label; boolean becomes 0 or 1. */
  readonly label?: string
  /** Numeric column that says how much each row counts; it is no feature. */
  readonly weight?: string
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
  /** As stored, NaN for missing; absent when none was asked for. */
  readonly weight?: Float64Array
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

export interface TimeSpan {
  /** Milliseconds since the epoch, both included. */
  readonly firstMs: number
  readonly lastMs: number
}

/** What windowed views say at several cut-offs. */
export interface CutoffRequest {
  readonly table: FeatureTable
  readonly files: readonly string[]
  /** Windowed, all of one entity column. */
  readonly views: readonly FeatureViewSpec[]
  /** SQL predicate over the table's columns: which events may be seen. Default: all. */
  readonly history?: string
  /** Milliseconds since the epoch, ascending. */
  readonly cutoffs: readonly number[]
  readonly label?: CutoffLabel
}

/** Label 1: an event of the entity in the `withinMs` from the cut-off on, itself included, satisfies the SQL condition. */
export interface CutoffLabel {
  readonly sql: string
  readonly withinMs: number
}

/** One row per cut-off and entity that the first view has there; sorted by both. */
export interface CutoffFrame {
  readonly rows: number
  readonly keys: readonly string[]
  readonly cutoff: Float64Array
  readonly names: readonly string[]
  /** rows × names.length, row-major, NaN for missing. */
  readonly values: Float64Array
  readonly label: Float64Array | undefined
}

/** Builds training data. Runs inside the training child. Throws FEATURE_INVALID_VIEW, FEATURE_NOT_INCREMENTAL. */
export interface FrameBuilder {
  frame(engine: SqlEngine, request: FrameRequest): Promise<Frame>
  /** The entities of `view` that have a row which satisfies `rows`. Throws FEATURE_UNKNOWN_VIEW too. */
  entities(
    engine: SqlEngine,
    request: Omit<FrameRequest, 'asOf' | 'label'>,
    view: string,
  ): Promise<EntityFrame>
  /**
   * First event time, and the one that the entities of the views have come to, which a few events with wrong clocks do not
   * move; undefined without events.
   */
  span(
    engine: SqlEngine,
    request: Pick<CutoffRequest, 'table' | 'files' | 'history' | 'views'>,
  ): Promise<TimeSpan | undefined>
  /** Features see nothing at or after their cut-off, the label nothing before it. */
  cutoffs(engine: SqlEngine, request: CutoffRequest): Promise<CutoffFrame>
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
  /**
   * The entity's features in the order of the view's `features`, NaN for missing; undefined for an entity never seen. The
   * array is not to be changed. Throws FEATURE_UNKNOWN_VIEW.
   */
  get(view: string, entity: string): Float64Array | undefined
  /** The entities that have features now, in no order. Throws FEATURE_UNKNOWN_VIEW. */
  entities(view: string): readonly string[]
  freshness(): readonly FeatureFreshness[]
  /**
   * A SELECT over the views' table that answers what they said at a moment of the past: `e` (entity), a column `f0`, `f1`, …
   * for each feature in the order of the views, and `y` (0 or 1) when a label is asked for. The same pieces as in training, so
   * no event from the cut-off on is seen. Throws FEATURE_UNKNOWN_VIEW; FEATURE_INVALID_VIEW for a view without a window.
   *
   * @param cutoffMs milliseconds since the epoch
   */
  pastSql(request: {
    readonly views: readonly string[]
    readonly cutoffMs: number
    readonly label?: CutoffLabel
  }): string
  /**
   * Resolves when everything durable at the time of the call is in the views. Rejects while they cannot go on (the log
   * cannot be read, no memory left); they try again by themselves. Throws FEATURE_STORE_CLOSED.
   */
  refresh(): Promise<void>
  close(): Promise<void>
}

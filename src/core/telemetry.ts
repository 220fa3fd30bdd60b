/**
 * What the product says about itself: log lines and metrics. Rooms take these two interfaces; `app/` connects them to
 * pino and to the Prometheus exposition. Metric names and labels are declared once, in `metricTable`.
 */

/** Structured log: facts first, then one sentence. Normal operation below `info` is silent. */
export interface Logger {
  debug(facts: object, message: string): void
  info(facts: object, message: string): void
  warn(facts: object, message: string): void
  error(facts: object, message: string): void
  child(bindings: object): Logger
}

const noop = (): void => {}
/** For tests and libraries: says nothing. */
export const silentLogger: Logger = {
  debug: noop,
  info: noop,
  warn: noop,
  error: noop,
  child: () => silentLogger,
}

export interface MetricSpec {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
  /** Upper bounds of a histogram's buckets, in the metric's unit. */
  readonly buckets?: readonly number[]
}

const LATENCY = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const
const DURATION = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800] as const
const ROWS = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000] as const

/** Base units, `_total` for counters, one prefix (`millrace_`, added by the exposition). */
export const metricTable = {
  http_server_request_duration_seconds: {
    type: 'histogram',
    help: 'Duration of HTTP requests.',
    labels: ['method', 'route', 'status'],
    buckets: LATENCY,
  },
  http_server_refused_total: {
    type: 'counter',
    help: 'Requests that were refused with 503 because of load, by the class of work.',
    labels: ['load'],
  },
  events_received_total: {
    type: 'counter',
    help: 'Events that arrived, accepted or not.',
    labels: ['topic', 'source'],
  },
  events_accepted_total: {
    type: 'counter',
    help: 'Events that are durable in the log.',
    labels: ['topic', 'source'],
  },
  events_rejected_total: {
    type: 'counter',
    help: 'Events refused at the door.',
    labels: ['topic', 'reason'],
  },
  dead_letters_total: {
    type: 'counter',
    help: 'Records put into a dead-letter topic.',
    labels: ['topic', 'reason'],
  },
  broker_connections: {
    type: 'gauge',
    help: 'Open connections of Kafka clients.',
    labels: [],
  },
  broker_request_duration_seconds: {
    type: 'histogram',
    help: 'Duration of Kafka requests, waits of long polls and rebalances included.',
    labels: ['api'],
    buckets: LATENCY,
  },
  log_end_offset: {
    type: 'gauge',
    help: 'Offset after the last record.',
    labels: ['topic', 'partition'],
  },
  log_append_duration_seconds: {
    type: 'histogram',
    help: 'From append to durable.',
    labels: [],
    buckets: LATENCY,
  },
  consumer_lag: {
    type: 'gauge',
    help: 'Records between the committed offset and the end.',
    labels: ['group', 'topic', 'partition'],
  },
  batch_size_rows: {
    type: 'histogram',
    help: 'Rows of a committed batch.',
    labels: ['table', 'trigger'],
    buckets: ROWS,
  },
  batch_duration_seconds: {
    type: 'histogram',
    help: 'From cut to committed in the lake.',
    labels: ['table'],
    buckets: DURATION,
  },
  lake_files: { type: 'gauge', help: 'Parquet files of a table.', labels: ['table'] },
  lake_bytes: { type: 'gauge', help: 'Bytes of a table.', labels: ['table'] },
  lake_rows: { type: 'gauge', help: 'Rows of a table.', labels: ['table'] },
  sql_query_duration_seconds: {
    type: 'histogram',
    help: 'Duration of user SQL.',
    labels: ['outcome'],
    buckets: LATENCY,
  },
  feature_lag_records: {
    type: 'gauge',
    help: 'Records not yet in the online features.',
    labels: ['view'],
  },
  stream_results_total: {
    type: 'counter',
    help: 'Results of a derived stream.',
    labels: ['stream'],
  },
  stream_dropped_total: {
    type: 'counter',
    help: 'Records that are in no result of a derived stream: late, too far ahead, or invalid.',
    labels: ['stream', 'reason'],
  },
  model_predictions_total: {
    type: 'counter',
    help: 'Rows predicted.',
    labels: ['model', 'version'],
  },
  predictions_logged_total: {
    type: 'counter',
    help: 'Predictions put into the prediction log, or dropped because it could not keep up.',
    labels: ['outcome'],
  },
  impressions_logged_total: {
    type: 'counter',
    help: 'Places of lists put into the impression log, or dropped because it could not keep up.',
    labels: ['outcome'],
  },
  model_prediction_duration_seconds: {
    type: 'histogram',
    help: 'Duration of a prediction request, without HTTP.',
    labels: ['model'],
    buckets: LATENCY,
  },
  model_train_duration_seconds: {
    type: 'histogram',
    help: 'Duration of a training.',
    labels: ['model', 'outcome'],
    buckets: DURATION,
  },
  model_metric: {
    type: 'gauge',
    help: 'A metric of a version.',
    labels: ['model', 'version', 'metric'],
  },
  recommendations_total: {
    type: 'counter',
    help: 'Lists that were answered, by what their first item came from.',
    labels: ['model', 'source'],
  },
  recommender_fold_in_gap: {
    type: 'gauge',
    help: 'At the newest swap: mean difference between folded and retrained scores, as a share of the scores.',
    labels: ['model'],
  },
  model_live_version: { type: 'gauge', help: 'The version that serves.', labels: ['model'] },
  model_promoted_version: {
    type: 'gauge',
    help: 'The version that is promoted; another one serves while it cannot be loaded.',
    labels: ['model'],
  },
  model_versions_total: {
    type: 'counter',
    help: 'Versions registered, by gate outcome.',
    labels: ['model', 'outcome'],
  },
} as const satisfies Record<string, MetricSpec>

export type MetricName = keyof typeof metricTable
export type MetricLabels<Name extends MetricName> = Readonly<
  Record<(typeof metricTable)[Name]['labels'][number], string | number>
>

/** Adds to a counter, sets a gauge or observes a histogram, by the metric's declared type. */
export interface Metrics {
  record<Name extends MetricName>(name: Name, labels: MetricLabels<Name>, value: number): void
}

export const silentMetrics: Metrics = { record: noop }

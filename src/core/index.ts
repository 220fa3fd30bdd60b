export { systemClock, type Clock } from './clock.ts'
export { combined, type Combine } from './combine.ts'
export { checksOn, type ConformanceCheck } from './conformance.ts'
export { deadLetterHeaders, readDeadLetter, type DeadLetter } from './dead-letter.ts'
export { formatDuration, parseDuration, type Duration } from './duration.ts'
export { compiledEntry } from './entry.ts'
export { envelopeHeaders, readEnvelope, type Envelope } from './envelope.ts'
export {
  coreError,
  defineErrors,
  isMillraceError,
  MillraceError,
  type ErrorFactory,
  type ErrorFacts,
  type ErrorSpec,
  type Issue,
} from './errors.ts'
export { eventTimeMs } from './event-time.ts'
export { parseMoment } from './moment.ts'
export { newId } from './ids.ts'
export { defaultLimits, type Limits } from './limits.ts'
export {
  checkName,
  checkTopicName,
  deadLetterTopic,
  INTERNAL_TOPIC_PREFIX,
  isDeadLetterTopic,
  isInternalTopic,
  quote,
} from './names.ts'
export { nearestName } from './nearest-name.ts'
export { packageVersion } from './package-version.ts'
export type {
  LogRecord,
  NewRecord,
  OffsetRange,
  RecordHeader,
  TopicPartition,
  TopicPartitionOffset,
} from './record.ts'
export {
  columnsOf,
  escapePointer,
  issuesOf,
  type Cell,
  type Column,
  type ColumnarRows,
  type ColumnType,
  type EventSchema,
} from './schema.ts'
export { sqlName, sqlText } from './sql-text.ts'
export {
  metricTable,
  silentLogger,
  silentMetrics,
  type Logger,
  type MetricLabels,
  type MetricName,
  type Metrics,
  type MetricSpec,
} from './telemetry.ts'

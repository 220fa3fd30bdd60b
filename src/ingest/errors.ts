import { defineErrors } from '../core/index.ts'

export const ingestError = defineErrors({
  INGEST_BODY_TOO_LARGE: {
    status: 413,
    retryable: false,
    title: 'The body is larger than the limit',
  },
  INGEST_EVENT_TOO_LARGE: {
    status: 413,
    retryable: false,
    title: 'An event is larger than the limit',
  },
  INGEST_ID_CONFLICT: {
    status: 409,
    retryable: false,
    title: 'The id belongs to another event of the topic',
  },
  INGEST_INVALID_BODY: {
    status: 400,
    retryable: false,
    title: 'The body cannot be read as its content type',
  },
  INGEST_INVALID_EVENT: {
    status: 422,
    retryable: false,
    title: 'An event breaks its topic’s schema',
  },
  INGEST_INVALID_JSON: { status: 400, retryable: false, title: 'The text is not JSON' },
  INGEST_INVALID_REPLAY: {
    status: 422,
    retryable: false,
    title: 'The options of a replay, file or generator contradict each other or are out of range',
  },
  INGEST_INVALID_UTF8: { status: 400, retryable: false, title: 'The bytes are not UTF-8' },
  INGEST_RESULT_TOPIC: {
    status: 403,
    retryable: false,
    title: 'The topic holds the results of a stream, which alone writes them',
  },
  INGEST_SPOOL_FULL: {
    status: 503,
    retryable: true,
    title: 'The cluster of the log is away, and no more events can wait for it',
  },
  INGEST_UNKNOWN_DEAD_LETTER: {
    status: 404,
    retryable: false,
    title: 'There is no such dead letter',
  },
  INGEST_DEAD_LETTER_SETTLED: {
    status: 409,
    retryable: false,
    title: 'The dead letter was retried or dropped already',
  },
  INGEST_DUPLICATE_KEY: {
    status: 422,
    retryable: false,
    title: 'A JSON object has the same key twice',
  },
  INGEST_UNSAFE_NUMBER: {
    status: 422,
    retryable: false,
    title: 'A number cannot be kept as it was sent',
  },
  INGEST_TOO_DEEP: {
    status: 422,
    retryable: false,
    title: 'A JSON value is nested too deeply or has too many keys',
  },
  INGEST_SOURCE_FAILED: { status: 422, retryable: false, title: 'A file cannot be read' },
  INGEST_SOURCE_CHANGED: {
    status: 409,
    retryable: false,
    title: 'A file changed since its replay began',
  },
  INGEST_UNSUPPORTED_ENCODING: {
    status: 415,
    retryable: false,
    title: 'A body’s content coding or character set is not supported',
  },
  INGEST_UNKNOWN_SOURCE: {
    status: 404,
    retryable: false,
    title: 'There is no such file or generator',
  },
})

export type IngestErrorCode = keyof typeof ingestError.table

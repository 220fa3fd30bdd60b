/**
 * Everything has a limit, a unit and a default, written here and nowhere else. All are settings;
 * `GET /v1/limits` shows the ones in force.
 */
export interface Limits {
  /** Largest JSON request body, bytes. */
  readonly jsonBodyBytes: number
  /** Largest record value, bytes. */
  readonly recordBytes: number
  /** Largest NDJSON or CSV request body, bytes; it is streamed, never held whole. */
  readonly streamBodyBytes: number
  /** Largest line of an NDJSON or CSV body or file, bytes. */
  readonly lineBytes: number
  /** Deepest nesting of a JSON value. */
  readonly jsonDepth: number
  /** Most keys in one JSON document. */
  readonly jsonKeys: number
  /** How long the id of an event is remembered, milliseconds. */
  readonly dedupeWindowMs: number
  /** Most ids of a topic that are remembered; 30 to 40 MB per million of them. */
  readonly dedupeIds: number
  /** Most bytes of events that wait on this machine while the cluster of the log is away. */
  readonly spoolBytes: number
  /** Most rows of one prediction request. */
  readonly predictionRows: number
  /** Most rows that a SQL answer returns. */
  readonly sqlRows: number
  /** Largest SQL answer, bytes. */
  readonly sqlBytes: number
  /** Deadline of a user's SQL, milliseconds. */
  readonly sqlTimeoutMs: number
  /** Address space of the child that runs a user's SQL, bytes. */
  readonly sqlMemoryBytes: number
  /** Most rows of a page. */
  readonly pageRows: number
  /** Most memory of one training, bytes. */
  readonly trainingMemoryBytes: number
  /** Deadline of one training, milliseconds. */
  readonly trainingTimeoutMs: number
  /** Longest wait for the headers of an HTTP request, milliseconds. */
  readonly httpHeadersTimeoutMs: number
  /** Longest wait for a JSON body, milliseconds. */
  readonly httpBodyTimeoutMs: number
  /** Longest pause of the sender inside a streamed body, or of the reader inside a streamed answer, milliseconds. */
  readonly httpStallTimeoutMs: number
  /** Longest time from the first byte of a request to the last of its body, milliseconds. */
  readonly httpRequestTimeoutMs: number
  /** Most bytes of request line and headers together. */
  readonly httpHeaderBytes: number
  /** Most headers of one request. */
  readonly httpHeaderCount: number
  /** Most open connections. */
  readonly httpConnections: number
  /** Most live streams (server-sent events) at one time. */
  readonly httpStreams: number
  /** Most SQL queries of users at one time. */
  readonly sqlConcurrent: number
  /** Tables up to here are compared with their digests before they are first read after a start, bytes; a larger one by size. */
  readonly lakeCheckBytes: number
  /** How fast the scrub reads stored files to find damage, bytes a second; 0 turns it off. */
  readonly scrubBytesPerSecond: number
  /** From the end of a scrub to the next, milliseconds. */
  readonly scrubPauseMs: number
}

const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB

export const defaultLimits: Limits = {
  jsonBodyBytes: MIB,
  recordBytes: MIB,
  streamBodyBytes: 256 * MIB,
  lineBytes: MIB,
  jsonDepth: 32,
  jsonKeys: 10_000,
  dedupeWindowMs: 24 * 60 * 60_000,
  dedupeIds: 10_000_000,
  spoolBytes: GIB,
  predictionRows: 1_000,
  sqlRows: 10_000,
  sqlBytes: 16 * MIB,
  sqlTimeoutMs: 10_000,
  sqlMemoryBytes: 2 * GIB,
  pageRows: 1_000,
  trainingMemoryBytes: 4 * GIB,
  trainingTimeoutMs: 30 * 60_000,
  httpHeadersTimeoutMs: 10_000,
  httpBodyTimeoutMs: 30_000,
  httpStallTimeoutMs: 10_000,
  httpRequestTimeoutMs: 10 * 60_000,
  httpHeaderBytes: 16 * KIB,
  httpHeaderCount: 100,
  httpConnections: 5_000,
  httpStreams: 100,
  sqlConcurrent: 4,
  lakeCheckBytes: GIB,
  scrubBytesPerSecond: 4 * MIB,
  scrubPauseMs: 60 * 60_000,
}

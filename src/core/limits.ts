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
  /** Most events of a JSON array, and most items of all arrays together in the body of any other route. */
  readonly jsonItems: number
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
  /** Most bytes of all request bodies that are in memory at one time; of a streamed body 2 MiB count. */
  readonly httpBodiesBytes: number
  /** Most bytes of answers that their readers have not taken; beyond it the oldest are broken off. */
  readonly httpUnreadBytes: number
  /** Most bytes of events that are checked and stored at one time, each request counting 4 KiB more than its bytes. */
  readonly ingestConcurrentBytes: number
  /** Most predictions, lists and look-ups of features at one time. */
  readonly predictConcurrent: number
  /** Most SQL queries of users at one time. */
  readonly sqlConcurrent: number
  /** Most other reads at one time. */
  readonly readConcurrent: number
  /** Most requests at one time that change something other than events: trainings, flushes, backups. */
  readonly manageConcurrent: number
  /** Longest wait for a turn while the line is short-lived, milliseconds; events wait twice as long, SQL four times. */
  readonly turnBurstMs: number
  /** Longest wait for a turn once the line has stood for `turnBurstMs`, milliseconds; SQL waits four times as long. */
  readonly turnStandingMs: number
  /** The event loop is late by so much for a whole second: reads and queries are refused, events from twice as much, predictions from four times. */
  readonly loopDelayMs: number
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
  jsonItems: 10_000,
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
  httpBodiesBytes: 64 * MIB,
  httpUnreadBytes: 64 * MIB,
  ingestConcurrentBytes: 4 * MIB,
  predictConcurrent: 8,
  sqlConcurrent: 4,
  readConcurrent: 8,
  manageConcurrent: 8,
  turnBurstMs: 100,
  turnStandingMs: 25,
  loopDelayMs: 200,
  lakeCheckBytes: GIB,
  scrubBytesPerSecond: 4 * MIB,
  scrubPauseMs: 60 * 60_000,
}

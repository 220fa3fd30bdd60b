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
  predictionRows: 1_000,
  sqlRows: 10_000,
  sqlBytes: 16 * MIB,
  sqlTimeoutMs: 10_000,
  sqlMemoryBytes: 2 * GIB,
  pageRows: 1_000,
  trainingMemoryBytes: 4 * GIB,
  trainingTimeoutMs: 30 * 60_000,
}

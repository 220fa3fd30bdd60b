/**
 * One error class for the whole product. A room declares its codes once, as a table; the HTTP status, the retry fact and
 * the documentation come from that table. Callers branch on `code` or `retryable`, never on message text.
 *
 * A message says three things: what failed, the offending value, what to do.
 */

/** One row of a room's error table. */
export interface ErrorSpec {
  /** HTTP status that the REST API answers with. */
  readonly status: number
  /** True when the same call may succeed later without a change by the caller. */
  readonly retryable: boolean
  /** One line for the documentation and for the `title` of a problem document (RFC 9457). */
  readonly title: string
}

/** Facts of one error. `details` is machine-readable and goes into the problem document as it is. */
export interface ErrorFacts {
  readonly details?: Readonly<Record<string, unknown>>
  readonly cause?: unknown
  /** Seconds after which a retry makes sense; becomes the Retry-After header. */
  readonly retryAfterSeconds?: number
}

export class MillraceError extends Error {
  override readonly name = 'MillraceError'
  readonly code: string
  readonly status: number
  readonly retryable: boolean
  readonly title: string
  readonly details: Readonly<Record<string, unknown>>
  readonly retryAfterSeconds: number | undefined

  constructor(code: string, spec: ErrorSpec, message: string, facts: ErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause })
    this.code = code
    this.status = spec.status
    this.retryable = spec.retryable
    this.title = spec.title
    this.details = facts.details ?? {}
    this.retryAfterSeconds = facts.retryAfterSeconds
  }
}

/** Makes the errors of one room: `throw logError('LOG_UNKNOWN_TOPIC', 'topic "x" …', { details: { topic } })`. */
export interface ErrorFactory<Code extends string> {
  (code: Code, message: string, facts?: ErrorFacts): MillraceError
  readonly table: Readonly<Record<Code, ErrorSpec>>
}

/**
 * Declares a room's closed set of error codes. Codes start with the room's prefix (`LOG_`, `LAKE_`, …), are listed in
 * docs/errors.md and are never reused.
 */
export function defineErrors<const Table extends Record<string, ErrorSpec>>(
  table: Table,
): ErrorFactory<keyof Table & string> {
  const create = (
    code: keyof Table & string,
    message: string,
    facts?: ErrorFacts,
  ): MillraceError => {
    const spec = table[code]
    if (spec === undefined) throw new TypeError(`error code ${code} is not declared`)
    return new MillraceError(code, spec, message, facts)
  }
  return Object.assign(create, { table })
}

/** True for an error of ours, optionally of one code. */
export function isMillraceError(error: unknown, code?: string): error is MillraceError {
  return error instanceof MillraceError && (code === undefined || error.code === code)
}

/** One problem found in something a user sent: where it is (JSON pointer) and what is wrong with it. */
export interface Issue {
  /** JSON pointer into the value, `''` for the whole. */
  readonly path: string
  /** A sentence with the rule and the remedy. Never repeats the value. */
  readonly message: string
}

export const coreError = defineErrors({
  CORE_INVALID_INPUT: {
    status: 422,
    retryable: false,
    title: 'A value is missing, of the wrong type or out of range',
  },
  CORE_INVALID_NAME: { status: 422, retryable: false, title: 'A name breaks the naming rule' },
  CORE_INVALID_DURATION: {
    status: 422,
    retryable: false,
    title: 'A duration is not written as a number and a unit',
  },
  CORE_INVALID_MOMENT: { status: 422, retryable: false, title: 'This is no date and no time' },
  CORE_UNSUPPORTED_SCHEMA: {
    status: 422,
    retryable: false,
    title: 'A schema uses a type that has no column form',
  },
})

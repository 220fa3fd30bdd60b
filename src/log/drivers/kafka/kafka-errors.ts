/** From what the client and the brokers say to the log's codes: what failed, why, and what to do. */
import { AuthenticationError, TimeoutError } from '@platformatic/kafka'
import { isMillraceError, MillraceError } from '../../../core/index.ts'
import { logError } from '../../errors.ts'

/** Error codes of the protocol that the driver acts on. */
export const PROTOCOL = {
  OFFSET_OUT_OF_RANGE: 1,
  CORRUPT_MESSAGE: 2,
  UNKNOWN_TOPIC_OR_PARTITION: 3,
  MESSAGE_TOO_LARGE: 10,
  COORDINATOR_LOAD_IN_PROGRESS: 14,
  COORDINATOR_NOT_AVAILABLE: 15,
  NOT_COORDINATOR: 16,
  RECORD_LIST_TOO_LARGE: 18,
  ILLEGAL_GENERATION: 22,
  UNKNOWN_MEMBER_ID: 25,
  REBALANCE_IN_PROGRESS: 27,
  INVALID_TIMESTAMP: 32,
  UNSUPPORTED_VERSION: 35,
  TOPIC_ALREADY_EXISTS: 36,
  INVALID_PARTITIONS: 37,
  OUT_OF_ORDER_SEQUENCE_NUMBER: 45,
  INVALID_PRODUCER_EPOCH: 47,
  UNKNOWN_PRODUCER_ID: 59,
  NON_EMPTY_GROUP: 68,
  GROUP_ID_NOT_FOUND: 69,
  MEMBER_ID_REQUIRED: 79,
  FENCED_INSTANCE_ID: 82,
  INVALID_RECORD: 87,
  UNKNOWN_TOPIC_ID: 100,
} as const

/** Leader moved, coordinator loading, too few replicas …: the same request may succeed a moment later. */
const PASSING = new Set([
  5, 6, 7, 8, 9, 13, 14, 15, 16, 19, 20, 41, 56, 74, 75, 77, 78, 88, 89, 103, 106,
])
const ACCESS = new Set([29, 30, 31, 53, 54, 65])
/** The login itself: unknown mechanism, wrong password. */
const LOGIN = new Set([33, 58])
/** A login came where the port takes none. */
const ILLEGAL_SASL_STATE = 34

export interface BrokerFault {
  readonly code: number
  readonly id: string
  readonly text: string
}

interface ClientError extends Error {
  readonly errors?: readonly unknown[]
  readonly apiCode?: number
  readonly apiId?: string
  readonly serverErrorMessage?: string | null
  readonly response?: unknown
  readonly code?: string
}

/** The error, its causes and the errors that it gathers, outermost first. */
function* chain(error: unknown, depth = 0): Generator<ClientError> {
  if (!(error instanceof Error) || depth > 8) return
  const one = error as ClientError
  yield one
  for (const inner of one.errors ?? []) yield* chain(inner, depth + 1)
  yield* chain(one.cause, depth + 1)
}

/** What the broker answered, if it did. */
export function brokerFault(error: unknown): BrokerFault | undefined {
  for (const { apiCode, apiId = '', message, serverErrorMessage } of chain(error)) {
    if (apiCode === undefined) continue
    return { code: apiCode, id: apiId, text: serverErrorMessage ?? message }
  }
  return undefined
}

/** An answer's own error, where the driver reads answers itself. */
export class BrokerError extends Error {
  override readonly name = 'BrokerError'
  readonly apiCode: number
  readonly apiId: string

  constructor(code: number, id: string, text: string) {
    super(text)
    this.apiCode = code
    this.apiId = id
  }
}

export const isTimeout = (error: unknown): boolean => error instanceof TimeoutError

/** Nothing of the append is stored: its caller may keep the records elsewhere, and store them later. */
export function surelyUnstored(error: unknown): unknown {
  if (!isMillraceError(error) || !error.retryable) return error
  return withDetails(error, { ...error.details, isStored: false })
}

/** Takes back what `surelyUnstored` said. */
export function maybeStored(error: unknown): unknown {
  if (!isMillraceError(error) || error.details?.['isStored'] === undefined) return error
  const { isStored: _, ...details } = error.details
  return withDetails(error, details)
}

const withDetails = (error: MillraceError, details: MillraceError['details']): MillraceError =>
  new MillraceError(error.code, error, error.message, {
    cause: error.cause,
    ...(details && { details }),
    ...(error.retryAfterSeconds !== undefined && { retryAfterSeconds: error.retryAfterSeconds }),
  })

const unsent = new WeakSet<object>()
/** The request did not leave: there was no connection for it. */
export function markUnsent(error: unknown): unknown {
  if (typeof error === 'object' && error !== null) unsent.add(error)
  return error
}

const isAuthentication = (error: unknown): boolean =>
  [...chain(error)].some((one) => one instanceof AuthenticationError)

/** Nobody knows whether the request had its effect. */
export const isUnanswered = (error: unknown): boolean =>
  brokerFault(error) === undefined &&
  !isMillraceError(error) &&
  isNetwork(error) &&
  !unsent.has(error as object)

function isNetwork(error: unknown): boolean {
  return [...chain(error)].some(({ code }) =>
    /^(PLT_KFK_NETWORK|PLT_KFK_TIMEOUT|PLT_KFK_MULTIPLE|PLT_KFK_UNEXPECTED_CORRELATION_ID|E[A-Z]+)$/.test(
      code ?? '',
    ),
  )
}

/** True when the same request may succeed a moment later. */
export function isPassing(error: unknown): boolean {
  // A look-up on the way that did not come through in its own time; not a broker without a version that we know.
  if (isMillraceError(error)) {
    return error.code === 'LOG_UNREACHABLE' && error.details?.['api'] === undefined
  }
  if (isAuthentication(error) || isCertificate(error)) return false
  const fault = brokerFault(error)
  return fault === undefined ? isNetwork(error) : PASSING.has(fault.code)
}

const CERTIFICATE =
  /certificate|self.signed|UNABLE_TO_VERIFY|ERR_TLS|ERR_SSL|EPROTO|wrong version number/i
const isCertificate = (error: unknown): boolean =>
  [...chain(error)].some(({ code, message }) => CERTIFICATE.test(`${code} ${message}`))

/** `doing` completes "could not …". */
export function toLogError(error: unknown, doing: string, at: string): MillraceError {
  if (isMillraceError(error)) return error
  const fault = brokerFault(error)
  const facts = {
    cause: error,
    details: { at, ...(fault === undefined ? {} : { kafka: fault.id }) },
  }
  const say = (why: string, remedy: string): string =>
    `could not ${doing} on Kafka at ${at} (${why}): ${remedy}`
  const denied = (why: string, remedy: string): MillraceError =>
    logError('LOG_ACCESS_DENIED', say(why, remedy), facts)
  if (fault !== undefined && ACCESS.has(fault.code)) {
    return denied(fault.text, 'give its user the rights (kafka-acls), or log in as another one')
  }
  if (fault?.code === ILLEGAL_SASL_STATE) {
    return denied(fault.text, 'this port takes no login: check security.protocol')
  }
  if (isAuthentication(error) || (fault !== undefined && LOGIN.has(fault.code))) {
    const why = fault?.text ?? innermost(error)
    return denied(why, 'check sasl.username, sasl.password and sasl.mechanism')
  }
  if (isCertificate(error)) return denied(innermost(error), certificateRemedy(innermost(error)))
  if (fault === undefined) {
    return logError('LOG_UNREACHABLE', say(innermost(error), hint(error)), {
      ...facts,
      retryAfterSeconds: 5,
    })
  }
  const { UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_TOPIC_ID } = PROTOCOL
  if (fault.code === UNKNOWN_TOPIC_OR_PARTITION || fault.code === UNKNOWN_TOPIC_ID) {
    return logError('LOG_UNKNOWN_TOPIC', say('there is no such topic', 'create it first'), facts)
  }
  const remedy = PASSING.has(fault.code)
    ? 'try again when the cluster is healthy'
    : 'see the broker’s log'
  return logError('LOG_STORAGE_FAILED', say(fault.text, remedy), { ...facts, retryAfterSeconds: 5 })
}

function innermost(error: unknown): string {
  return [...chain(error)].at(-1)?.message ?? String(error)
}

function hint(error: unknown): string {
  const codes = [...chain(error)].map(({ code }) => code)
  if (codes.includes('ECONNREFUSED')) return 'start the broker, or check bootstrap.servers'
  if (codes.includes('ENOTFOUND') || codes.includes('EAI_AGAIN')) return 'check the host name'
  return 'check bootstrap.servers, that security.protocol is what that port speaks, and, if it wants a certificate of the client, ssl.certificate.location and ssl.key.location'
}

function certificateRemedy(why: string): string {
  if (/altnames/.test(why)) {
    return 'use a name of that certificate in bootstrap.servers and in the broker’s advertised.listeners'
  }
  if (/verify|self.signed|issuer/i.test(why)) {
    return 'name the authority that signed its certificate in ssl.ca.location, and check security.protocol'
  }
  if (/alert/i.test(why)) {
    return 'name a certificate that the broker trusts in ssl.certificate.location and ssl.key.location'
  }
  return 'check security.protocol and the ssl.* properties'
}

/**
 * Every error leaves as a problem document (RFC 9457): type, title, status, code, detail and, for bad input, one entry per
 * field. The status comes from the error tables of the rooms. What has no table entry is ours to mend: 500, a line in the
 * log, and nothing of it in the answer.
 */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { isMillraceError, type Issue, type Logger, type MillraceError } from '../core/index.ts'
import { apiError } from './errors.ts'

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8'

export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  /** Stable; `docs/errors.md` lists them all. */
  readonly code: string
  readonly detail: string
  /** The path that was asked for. */
  readonly instance?: string
  readonly errors?: readonly Issue[]
  readonly [extension: string]: unknown
}

/** Facts that a problem document may not carry: they would shadow its own members. */
const RESERVED = new Set(['type', 'title', 'status', 'code', 'detail', 'instance', 'errors'])

export function problemOf(error: MillraceError, instance?: string): Problem {
  const { issues, ...details } = error.details
  const extensions = Object.entries(details).filter(([key]) => !RESERVED.has(key))
  return {
    type: `urn:millrace:error:${error.code}`,
    title: error.title,
    status: error.status,
    code: error.code,
    detail: error.message,
    ...(instance === undefined ? {} : { instance }),
    ...(Array.isArray(issues) ? { errors: issues as Issue[] } : {}),
    ...Object.fromEntries(extensions),
  }
}

/** Sends a problem with its headers. */
export function sendProblem(reply: FastifyReply, error: MillraceError): FastifyReply {
  const retryAfter = error.retryAfterSeconds ?? (error.status === 503 ? 1 : undefined)
  // What is left of a body that nobody will read is not read to its end: the connection goes.
  if (hasUnreadBody(reply.request)) {
    void reply.header('connection', 'close')
    reply.raw.once('finish', () => reply.request.raw.destroy())
  }
  if (retryAfter !== undefined) void reply.header('retry-after', String(Math.ceil(retryAfter)))
  return reply
    .code(error.status)
    .header('cache-control', 'no-store')
    .type(PROBLEM_TYPE)
    .serializer((value: unknown) => JSON.stringify(value, plainNumbers))
    .send(problemOf(error, pathOf(reply.request)))
}

const hasUnreadBody = ({ raw, headers }: FastifyRequest): boolean =>
  !raw.complete &&
  (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0)

/** The path without the query: queries may hold secrets. */
export const pathOf = (request: FastifyRequest): string => request.url.split('?', 1)[0] ?? '/'

const plainNumbers = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint' ? value.toString() : value

/** Turns whatever was thrown into one of our errors. Unknown ones are logged whole and answered without a word of them. */
export function toMillraceError(
  error: unknown,
  request: FastifyRequest,
  logger: Logger,
): MillraceError {
  if (isMillraceError(error)) {
    if (error.status >= 500 && !error.retryable) {
      logger.error({ err: error, requestId: request.id, path: pathOf(request) }, error.message)
    }
    return error
  }
  const known = frameworkError(error as Partial<FastifyError>)
  if (known) return known
  logger.error({ err: error, requestId: request.id, path: pathOf(request) }, 'a request failed')
  return apiError(
    'API_INTERNAL',
    `the request could not be answered because of a fault in Millrace: the log has the cause under request id ${request.id}`,
  )
}

function frameworkError(error: Partial<FastifyError>): MillraceError | undefined {
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return apiError(
        'API_BODY_TOO_LARGE',
        'the body is larger than GET /v1/limits allows: send less at a time',
      )
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return apiError(
        'API_UNSUPPORTED_MEDIA_TYPE',
        'the content type is not supported here: send application/json (events also application/x-ndjson or text/csv)',
      )
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
      return apiError('API_INVALID_BODY', 'the body is not JSON: check it with a JSON parser')
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return apiError(
        'API_BAD_REQUEST',
        'the body is not as long as Content-Length says: send it whole',
      )
    case 'FST_ERR_BAD_URL':
      return apiError('API_BAD_REQUEST', 'the URL is not percent-encoded UTF-8: encode it')
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return apiError('API_URI_TOO_LONG', 'a part of the path is longer than the limit: shorten it')
    case undefined:
    default:
      return undefined
  }
}

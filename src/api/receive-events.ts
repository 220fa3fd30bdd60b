/** What the two event routes share: body → ingest → answer. */
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Admission } from './admission/admission.ts'
import { apiError } from './errors.ts'
import { coreError, isInternalTopic, MillraceError, type Issue } from '../core/index.ts'
import type { RouteRequest, RouteTools, Sent } from './define-route.ts'
import { eventFormat, jsonEventBody, lineBody } from './request-body.ts'
import type { receiveAnswer } from './schemas/event-schemas.ts'

export const onErrorQuery = z
  .enum(['reject', 'dlq'], { error: 'write reject or dlq' })
  .default('reject')
  .describe('`reject`: bad events are named in the answer; `dlq`: they also go to the dead letters')

type Received = Awaited<ReturnType<RouteTools['app']['ingest']['receive']>>
type Answer = Sent<z.output<typeof receiveAnswer>>

export async function receiveEvents(
  topic: string,
  onError: 'reject' | 'dlq',
  request: RouteRequest<unknown, unknown, unknown>,
  tools: RouteTools,
): Promise<Answer> {
  const { app, admission } = tools
  if (isInternalTopic(topic)) {
    throw apiError('API_RESERVED_TOPIC', `topic ${topic} is written by Millrace alone: use another`)
  }
  const format = eventFormat(request.raw)
  const sequence = sequenceMark(request.raw)
  const rules = { limits: app.limits, clock: app.clock }
  const whole = format === 'json' ? await jsonEventBody(request.raw, rules) : undefined
  const result = await app.ingest.receive(topic, whole ?? lineBody(request.raw, rules), {
    format,
    onError,
    source: 'http',
    get signal() {
      return request.signal
    },
    turn: turnOf(admission, request),
    ...(sequence ? { sequence } : {}),
    envelope: envelopeOf(request.raw),
  })
  const nothingStored = result.accepted + result.duplicates + result.spooled === 0
  if (whole && onError === 'reject' && nothingStored && result.rejectedCount > 0) {
    throw allRefused(result, isArray(whole))
  }
  return {
    accepted: result.accepted,
    duplicates: result.duplicates,
    ...(result.spooled > 0 && { spooled: result.spooled }),
    duplicateOffsets: result.duplicateOffsets,
    rejected: result.rejected.map(({ index, line, code, issues }) => ({
      index,
      ...(line === undefined ? {} : { line }),
      code,
      errors: issues,
    })),
    rejectedCount: result.rejectedCount,
    offsets: result.offsets,
  }
}

/** What a request costs beside its bytes, in bytes that cost as much. */
const REQUEST_BYTES = 4 * 1024

/** The turns of a body's groups of events. */
export const turnOf =
  (admission: Admission, client: { readonly signal: AbortSignal } | undefined) =>
  (bytes: number, isBegun: boolean): Promise<() => void> =>
    admission.enter('ingest', {
      units: bytes + REQUEST_BYTES,
      isBegun,
      get signal() {
        return client?.signal
      },
    })

const OPENING_BRACKET = 0x5b

/** By its first byte that is no white space; 0xef 0xbb 0xbf is a byte order mark. */
const isArray = (body: Uint8Array): boolean =>
  body.find((byte) => byte > 0x20 && byte < 0x80) === OPENING_BRACKET

const STATUS_BY_CODE: Readonly<Record<string, number>> = {
  INGEST_INVALID_JSON: 400,
  INGEST_INVALID_UTF8: 400,
  INGEST_INVALID_BODY: 400,
  INGEST_EVENT_TOO_LARGE: 413,
  INGEST_ID_CONFLICT: 409,
}

/** One event, or an array of which none was good: a problem that names every field. */
export function allRefused(result: Received, isOfArray: boolean): MillraceError {
  const errors = result.rejected.flatMap(({ index, issues }): Issue[] =>
    issues.map((issue) => ({ ...issue, path: isOfArray ? `/${index}${issue.path}` : issue.path })),
  )
  const code = result.rejected[0]?.code ?? 'INGEST_INVALID_EVENT'
  const first = errors[0]
  const where = first === undefined || first.path === '' ? 'the event' : first.path
  const what = isOfArray
    ? `none of ${result.rejectedCount} events was taken`
    : 'the event was not taken'
  return new MillraceError(
    code,
    {
      status: STATUS_BY_CODE[code] ?? 422,
      retryable: false,
      title: 'An event breaks the rules of its topic',
    },
    `${what}: ${where}: ${first?.message ?? 'not valid'}`,
    { details: { issues: errors, rejectedCount: result.rejectedCount } },
  )
}

/**
 * `millrace-sequence` (percent-encoded) and `millrace-position`: the sender's own numbering, so that a repeat is stored once.
 */
function sequenceMark(request: FastifyRequest): { sequence: string; first: number } | undefined {
  const given = request.headers['millrace-sequence']
  const position = request.headers['millrace-position']
  if (given === undefined && position === undefined) return undefined
  const issues: Issue[] = []
  const sequence = decoded(given)
  if (sequence === undefined || sequence === '' || sequence.length > 256) {
    const message = 'name the sequence, 1 to 256 characters, percent-encoded'
    issues.push({ path: 'headers/millrace-sequence', message })
  }
  if (typeof position !== 'string' || !/^[1-9]\d{0,15}$/.test(position)) {
    const message = 'give the position of the first event, a whole number from 1'
    issues.push({ path: 'headers/millrace-position', message })
  }
  if (sequence === undefined || issues.length > 0) {
    throw coreError('CORE_INVALID_INPUT', `${issues[0]?.path}: ${issues[0]?.message}`, {
      details: { issues },
    })
  }
  return { sequence, first: Number(position) }
}

function decoded(value: string | string[] | undefined): string | undefined {
  if (typeof value !== 'string') return undefined
  try {
    return decodeURIComponent(value)
  } catch {
    return undefined
  }
}

/** Longest id that is compared and kept with the record; more is refused, for a cut id would not tell events apart. */
const ID_CHARACTERS = 1_024

/** `ce-id` of one event, or `Idempotency-Key` of the whole request: sent again, its events are stored once. */
function givenId(request: FastifyRequest): string | undefined {
  for (const header of ['ce-id', 'idempotency-key'] as const) {
    const value = request.headers[header]
    if (value === undefined) continue
    if (typeof value === 'string' && value !== '' && value.length <= ID_CHARACTERS) return value
    const issue = {
      path: `headers/${header}`,
      message: `give it once, with 1 to ${ID_CHARACTERS} characters`,
    }
    throw coreError('CORE_INVALID_INPUT', `${issue.path}: ${issue.message}`, {
      details: { issues: [issue] },
    })
  }
  return undefined
}

/** CloudEvents attributes of HTTP's binary mode that hold for every event of the body, and W3C trace context. */
export function envelopeOf(request: FastifyRequest): Record<string, string> {
  const id = givenId(request)
  const envelope: Record<string, string> = id === undefined ? {} : { id }
  for (const [header, field] of ENVELOPE_HEADERS) {
    const value = request.headers[header]
    if (typeof value === 'string' && value.length <= 1024) envelope[field] = value
  }
  return envelope
}

const ENVELOPE_HEADERS = [
  ['ce-source', 'source'],
  ['ce-type', 'type'],
  ['ce-time', 'time'],
  ['traceparent', 'traceparent'],
] as const

/**
 * How bodies come in. JSON routes get a parsed value: read whole up to the limit, scanned as events are, then parsed. Event
 * routes get the bytes as they arrive, unpacked; ingest bounds their number, this file the longest pause of the sender.
 */
import type { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { decompressBody, parseJsonBody } from '../app/index.ts'
import type { Clock, Limits } from '../core/index.ts'
import type { ByteAccount, ByteBudget } from './admission/byte-budget.ts'
import { takeTurn } from './admission/request-turn.ts'
import { apiError } from './errors.ts'
import { brokenOff, readWhole, stalled, tooLarge } from './whole-body.ts'

export type EventFormat = 'json' | 'ndjson' | 'csv'

const EVENT_TYPES: Readonly<Record<string, EventFormat>> = {
  'application/json': 'json',
  'application/x-ndjson': 'ndjson',
  'application/ndjson': 'ndjson',
  'application/jsonl': 'ndjson',
  'text/csv': 'csv',
}

const accounts = new WeakMap<FastifyRequest, ByteAccount>()

/** What the request's body takes counts against all bodies until the answer is out. */
export function countBody(request: FastifyRequest, reply: FastifyReply, bodies: ByteBudget): void {
  const account = bodies.open()
  accounts.set(request, account)
  const close = (): void => account.close()
  reply.raw.on('finish', close).on('close', close)
}

/** Takes `application/json` and gives the checked value; everything else is 415. */
export function acceptJson(scope: FastifyInstance, limits: Limits): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('application/json', async (request: FastifyRequest) => {
    refuseEncoding(request)
    refuseDeclared(request, limits.jsonBodyBytes)
    const account = accounts.get(request)
    const body = await readWhole(request.raw, {
      maxBytes: limits.jsonBodyBytes,
      hold: (bytes) => account?.hold(bytes),
    })
    if (body.length === 0) throw apiError('API_INVALID_BODY', 'the body is empty: send JSON')
    await takeTurn(request)
    return parseJsonBody(body, limits)
  })
}

/** Takes the event types and leaves the bytes where they are. */
export function acceptEvents(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser(Object.keys(EVENT_TYPES), (_request, payload, done) => {
    done(null, payload)
  })
}

/** The media type without parameters; refuses a charset other than UTF-8. */
export function mediaType(request: FastifyRequest): string {
  const given = request.headers['content-type'] ?? ''
  if (!given.includes(';')) return given.trim().toLowerCase()
  const [type = '', ...parameters] = given.split(';')
  for (const parameter of parameters) {
    const [name = '', value = ''] = parameter.split('=')
    const charset = value.trim().replaceAll('"', '').toLowerCase()
    if (name.trim().toLowerCase() === 'charset' && charset !== 'utf-8' && charset !== 'utf8') {
      throw apiError(
        'API_UNSUPPORTED_CHARSET',
        'the content type has a charset other than utf-8: send UTF-8 and say so, or leave the charset out',
      )
    }
  }
  return type.trim().toLowerCase()
}

export function eventFormat(request: FastifyRequest): EventFormat {
  const format = EVENT_TYPES[mediaType(request)]
  if (format === undefined) {
    throw apiError(
      'API_UNSUPPORTED_MEDIA_TYPE',
      'events come as application/json, application/x-ndjson or text/csv: set the content type',
    )
  }
  return format
}

function refuseEncoding(request: FastifyRequest): void {
  const encoding = request.headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') {
    throw apiError(
      'API_UNSUPPORTED_ENCODING',
      'packed bodies are taken for events only: send this one unpacked',
    )
  }
}

/** Of a streamed body, what is in memory at one time: a group of events. */
const STREAMED_BYTES = 2 * 1024 * 1024

export interface EventBodyRules {
  readonly limits: Limits
  readonly clock: Clock
}

/** One event or an array as JSON, whole and unpacked. */
export async function jsonEventBody(
  request: FastifyRequest,
  { limits, clock }: EventBodyRules,
): Promise<Buffer> {
  const maxBytes = limits.jsonBodyBytes
  refuseDeclared(request, maxBytes)
  if (request.headers['content-encoding'] === undefined) {
    const account = accounts.get(request)
    return readWhole(request.raw, {
      maxBytes,
      hold: (bytes) => account?.hold(bytes),
      stall: { clock, ms: limits.httpStallTimeoutMs },
    })
  }
  const parts: Uint8Array[] = []
  const body = unpacked(request, { limits, clock }, { maxBytes, limit: 'jsonBodyBytes' })
  for await (const part of body) parts.push(part)
  return Buffer.concat(parts)
}

/** Lines of events as they arrive, unpacked and guarded. Breaking off ends the reading. */
export function lineBody(
  request: FastifyRequest,
  rules: EventBodyRules,
): AsyncIterable<Uint8Array> {
  const maxBytes = rules.limits.streamBodyBytes
  refuseDeclared(request, maxBytes)
  return unpacked(request, rules, { maxBytes, limit: 'streamBodyBytes' })
}

function refuseDeclared(request: FastifyRequest, maxBytes: number): void {
  const declared = Number(request.headers['content-length'] ?? 0)
  if (declared > maxBytes) throw tooLarge(maxBytes)
}

function unpacked(
  request: FastifyRequest,
  { limits, clock }: EventBodyRules,
  most: { readonly maxBytes: number; readonly limit: string },
): AsyncIterable<Uint8Array> {
  const arriving = paced(request.raw, clock, limits.httpStallTimeoutMs)
  const body = decompressBody(arriving, request.headers['content-encoding'], most)
  return held(body, accounts.get(request))
}

async function* held(
  body: AsyncIterable<Uint8Array>,
  account: ByteAccount | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = 0
  for await (const part of body) {
    bytes += part.length
    account?.hold(Math.min(bytes, STREAMED_BYTES))
    yield part
  }
}

/** Ends with API_REQUEST_TIMEOUT when the sender pauses too long. Time that we take ourselves does not count. */
async function* paced(
  source: Readable,
  clock: Clock,
  stallMs: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = source[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
  try {
    for (;;) {
      const next = await withinTime(iterator.next(), clock, stallMs)
      if (next.done === true) return
      yield next.value
    }
  } catch (error) {
    throw brokenOff(error)
  }
}

function withinTime<T>(promise: Promise<T>, clock: Clock, stallMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(stallMs, () => {
      reject(stalled(stallMs))
    })
    promise.then(
      (value) => {
        cancel()
        resolve(value)
      },
      (error: unknown) => {
        cancel()
        reject(error)
      },
    )
  })
}

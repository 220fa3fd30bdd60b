/**
 * How bodies come in. JSON routes get a parsed value: read whole up to the limit, scanned as events are, then parsed. Event
 * routes get the bytes as they arrive, unpacked; ingest bounds their number, this file the longest pause of the sender.
 */
import type { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { decompressBody, parseJsonBody } from '../app/index.ts'
import { isMillraceError, type Clock, type Limits, type MillraceError } from '../core/index.ts'
import type { ByteAccount, ByteBudget } from './admission/byte-budget.ts'
import { takeTurn } from './admission/request-turn.ts'
import { apiError } from './errors.ts'

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
  reply.raw.once('finish', () => account.close())
  reply.raw.once('close', () => account.close())
}

/** Takes `application/json` and gives the checked value; everything else is 415. */
export function acceptJson(scope: FastifyInstance, limits: Limits): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('application/json', async (request: FastifyRequest) => {
    refuseEncoding(request)
    if (Number(request.headers['content-length'] ?? 0) > limits.jsonBodyBytes) {
      throw tooLarge(limits.jsonBodyBytes)
    }
    const account = accounts.get(request)
    const body = await readWhole(request.raw, limits.jsonBodyBytes, (bytes) => account?.hold(bytes))
    if (body.length === 0) throw apiError('API_INVALID_BODY', 'the body is empty: send JSON')
    await takeTurn(request)
    return parseJsonBody(body, limits)
  })
}

async function readWhole(
  source: Readable,
  maxBytes: number,
  hold: (bytes: number) => void,
): Promise<Buffer> {
  const parts: Uint8Array[] = []
  let bytes = 0
  try {
    for await (const part of source as AsyncIterable<Uint8Array>) {
      bytes += part.length
      if (bytes > maxBytes) throw tooLarge(maxBytes)
      hold(bytes)
      parts.push(part)
    }
  } catch (error) {
    throw brokenOff(error)
  }
  return Buffer.concat(parts)
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
  const [type = '', ...parameters] = (request.headers['content-type'] ?? '').split(';')
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

/** The body of an event route, unpacked and guarded. Breaking off ends the reading. */
export function eventBody(
  request: FastifyRequest,
  options: { format: EventFormat; limits: Limits; clock: Clock },
): AsyncIterable<Uint8Array> {
  const { limits, clock } = options
  const maxBytes = options.format === 'json' ? limits.jsonBodyBytes : limits.streamBodyBytes
  const declared = Number(request.headers['content-length'] ?? 0)
  if (declared > maxBytes) throw tooLarge(maxBytes)
  const limit = options.format === 'json' ? 'jsonBodyBytes' : 'streamBodyBytes'
  const arriving = paced(request.raw, clock, limits.httpStallTimeoutMs)
  const coding = request.headers['content-encoding']
  return held(decompressBody(arriving, coding, { maxBytes, limit }), accounts.get(request))
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

const tooLarge = (maxBytes: number): MillraceError =>
  apiError('API_BODY_TOO_LARGE', `the body is larger than ${maxBytes} bytes: send it in parts`, {
    details: { limitBytes: maxBytes },
  })

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

const brokenOff = (error: unknown): MillraceError =>
  isMillraceError(error)
    ? error
    : apiError('API_BAD_REQUEST', 'the connection ended inside the body: send it whole', {
        cause: error,
      })

function withinTime<T>(promise: Promise<T>, clock: Clock, stallMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(stallMs, () => {
      const detail = `no byte of the body came for ${stallMs} ms: send it without such pauses`
      reject(apiError('API_REQUEST_TIMEOUT', detail))
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

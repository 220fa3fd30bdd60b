/**
 * How bodies come in. JSON routes get a parsed value: read whole up to the limit, scanned as events are, then parsed. Event
 * routes get the bytes as they arrive, unpacked; ingest bounds their number, this file the longest pause of the sender.
 */
import type { Readable } from 'node:stream'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { decompressBody, parseJsonBody } from '../app/index.ts'
import { isMillraceError, type Clock, type Limits, type MillraceError } from '../core/index.ts'
import { apiError } from './errors.ts'

export type EventFormat = 'json' | 'ndjson' | 'csv'

const EVENT_TYPES: Readonly<Record<string, EventFormat>> = {
  'application/json': 'json',
  'application/x-ndjson': 'ndjson',
  'application/ndjson': 'ndjson',
  'application/jsonl': 'ndjson',
  'text/csv': 'csv',
}

/** Takes `application/json` and gives the checked value; everything else is 415. */
export function acceptJson(scope: FastifyInstance, limits: Limits): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer', bodyLimit: limits.jsonBodyBytes },
    (request, body, done) => {
      try {
        refuseEncoding(request)
        if (body.length === 0) throw apiError('API_INVALID_BODY', 'the body is empty: send JSON')
        done(null, parseJsonBody(body as Buffer, limits))
      } catch (error) {
        done(error as Error, undefined)
      }
    },
  )
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
  return decompressBody(arriving, request.headers['content-encoding'], { maxBytes, limit })
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
    if (isMillraceError(error)) throw error
    throw apiError('API_BAD_REQUEST', 'the connection ended inside the body: send it whole', {
      cause: error,
    })
  }
}

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

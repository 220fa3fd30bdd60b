/** A JSON body: one event, or an array of events. Bounded, so it is held whole; each event keeps its own bytes. */
import { isUtf8 } from 'node:buffer'
import type { Limits } from '../../core/index.ts'
import { JsonScanner } from '../../kernels/index.ts'
import { ingestError } from '../errors.ts'
import { faultOf } from '../events/event-check.ts'
import type { Incoming } from './incoming.ts'

export interface JsonBody {
  /** True when the body was an array. */
  readonly isArray: boolean
  readonly events: readonly Incoming[]
}

/** Throws INGEST_BODY_TOO_LARGE, INGEST_INVALID_JSON, INGEST_INVALID_UTF8, INGEST_TOO_DEEP. */
export type JsonBodyReader = (whole: Buffer) => JsonBody

/** One scanner for all bodies: its buffers are larger than most of them. */
export function createJsonBodyReader(limits: Limits): JsonBodyReader {
  const scanner = new JsonScanner({ depth: limits.jsonDepth, keys: limits.jsonKeys })
  return (whole) => readJsonBody(whole, scanner, limits)
}

function readJsonBody(whole: Buffer, scanner: JsonScanner, limits: Limits): JsonBody {
  const body = stripBom(whole)
  if (!isUtf8(body)) {
    throw ingestError('INGEST_INVALID_UTF8', 'the body is not UTF-8: encode the JSON as UTF-8')
  }
  const from = skipSpace(body, 0)
  if (from === body.length) throw notJson('is empty: send an object or an array of objects')
  if (body[from] === 0x5b) return { isArray: true, events: splitArray(body, from, scanner, limits) }
  const end = endOfValue(scanner, body, from)
  if (skipSpace(body, end) < body.length) throw notJson(`has more after its value`, end)
  return { isArray: false, events: [{ bytes: body.subarray(from, end) }] }
}

function splitArray(body: Buffer, open: number, scanner: JsonScanner, limits: Limits): Incoming[] {
  const events: Incoming[] = []
  let at = skipSpace(body, open + 1)
  if (body[at] !== 0x5d) {
    for (;;) {
      if (events.length >= limits.jsonItems) throw tooManyEvents(limits.jsonItems)
      const end = endOfValue(scanner, body, at)
      events.push({ bytes: body.subarray(at, end) })
      at = skipSpace(body, end)
      if (body[at] === 0x5d) break
      if (body[at] !== 0x2c) throw notJson('lacks a comma or the closing bracket', at)
      at = skipSpace(body, at + 1)
    }
  }
  const rest = skipSpace(body, at + 1)
  if (rest < body.length) throw notJson('has more after its array', rest)
  return events
}

const tooManyEvents = (most: number): Error =>
  ingestError(
    'INGEST_BODY_TOO_LARGE',
    `the array has more than ${most} events (limit jsonItems): send it in parts, or stream it as NDJSON`,
    { details: { limit: 'jsonItems', maxItems: most } },
  )

/** A fault inside of a value is the event's own; here only where it ends counts. */
function endOfValue(scanner: JsonScanner, body: Buffer, from: number): number {
  const { end, fault } = scanner.scan(body, from)
  if (end > from) return end
  if (fault?.code === 'too_deep') {
    const { code, issues } = faultOf(fault)
    throw ingestError(code, `the body ${issues[0]?.message ?? ''}`, { details: { issues } })
  }
  throw notJson('ends inside a value', body.length)
}

const notJson = (what: string, at?: number): Error =>
  ingestError(
    'INGEST_INVALID_JSON',
    `the body ${what}${at === undefined ? '' : ` (byte ${at})`}: send one JSON object or an array of objects`,
    { details: at === undefined ? {} : { position: at } },
  )

function skipSpace(body: Buffer, from: number): number {
  let at = from
  while (at < body.length) {
    const byte = body[at]
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break
    at++
  }
  return at
}

const stripBom = (body: Buffer): Buffer =>
  body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? body.subarray(3) : body

/** Throws INGEST_BODY_TOO_LARGE. */
export async function readWhole(
  body: AsyncIterable<Uint8Array> | Uint8Array,
  maxBytes: number,
): Promise<Buffer> {
  if (body instanceof Uint8Array) {
    if (body.length > maxBytes) throw bodyTooLarge(maxBytes, 'jsonBodyBytes')
    return Buffer.from(body.buffer, body.byteOffset, body.length)
  }
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > maxBytes) throw bodyTooLarge(maxBytes, 'jsonBodyBytes')
    parts.push(chunk)
  }
  return Buffer.concat(parts)
}

export const bodyTooLarge = (maxBytes: number, limit: string): Error =>
  ingestError(
    'INGEST_BODY_TOO_LARGE',
    `the body is larger than ${maxBytes} bytes (limit ${limit}): send it in parts, or stream it as NDJSON`,
    { details: { limit, maxBytes } },
  )

/** JSON request bodies pass the same checks as events: UTF-8, depth, duplicate keys, numbers that would be rounded. */
import type { Limits, MillraceError } from '../core/index.ts'
import { ingestError } from '../ingest/index.ts'
import { JsonScanner, type JsonFault, type JsonFaultCode } from '../kernels/index.ts'

const FAULTS = {
  invalid_utf8: ['INGEST_INVALID_UTF8', 'the bytes are not UTF-8: send the text encoded as UTF-8'],
  too_deep: ['INGEST_TOO_DEEP', 'is nested too deeply: send a flatter value'],
  too_many_keys: ['INGEST_TOO_DEEP', 'has too many keys: send a smaller value'],
  too_many_items: ['INGEST_TOO_DEEP', 'has too many items: send fewer at a time'],
  duplicate_key: ['INGEST_DUPLICATE_KEY', 'the key occurs twice in its object: send it once'],
  proto_key: ['INGEST_INVALID_EVENT', 'the key "__proto__" is not allowed: rename it'],
  unsafe_integer: [
    'INGEST_UNSAFE_NUMBER',
    'is a whole number beyond ± (2^53 − 1) and would be rounded: send it as text',
  ],
  number_overflow: ['INGEST_UNSAFE_NUMBER', 'is too large for a double: send a finite number'],
  number_underflow: ['INGEST_UNSAFE_NUMBER', 'is too small for a double and would become zero'],
  lone_surrogate: ['INGEST_INVALID_EVENT', 'has half of a surrogate pair: send whole characters'],
} as const satisfies Record<JsonFaultCode, readonly [string, string]>

const scanners = new WeakMap<Limits, JsonScanner>()

/**
 * The value of a JSON text. Throws INGEST_INVALID_UTF8, INGEST_INVALID_JSON, INGEST_DUPLICATE_KEY, INGEST_UNSAFE_NUMBER,
 * INGEST_TOO_DEEP, INGEST_INVALID_EVENT.
 */
export function parseJsonBody(bytes: Uint8Array, limits: Limits): unknown {
  // RFC 8259, section 8.1: a byte order mark may be ignored.
  const text =
    bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes
  let scanner = scanners.get(limits)
  if (!scanner) {
    scanner = new JsonScanner({
      depth: limits.jsonDepth,
      keys: limits.jsonKeys,
      items: limits.jsonItems,
    })
    scanners.set(limits, scanner)
  }
  const { fault } = scanner.scan(text)
  if (fault) throw faultError(fault)
  try {
    return JSON.parse(Buffer.from(text.buffer, text.byteOffset, text.length).toString())
  } catch (error) {
    // The parser's message quotes the text; only the place is taken over.
    const place = /position (\d+)/.exec((error as SyntaxError).message)
    const where = place ? `see character ${place[1]}` : 'it ends too early'
    throw ingestError('INGEST_INVALID_JSON', `the body is not JSON: ${where}`)
  }
}

function faultError(fault: JsonFault): MillraceError {
  const [code, message] = FAULTS[fault.code]
  return ingestError(code, `${fault.pointer || 'the body'}: ${message}`, {
    details: { issues: [{ path: fault.pointer, message }] },
  })
}

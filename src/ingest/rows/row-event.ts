/** From a record of a delimited text to an event, or to what is wrong with it; the same for files and request bodies. */
import { isUtf8 } from 'node:buffer'
import type { IngestErrorCode } from '../errors.ts'
import type { EventFault } from '../events/event-check.ts'
import { fieldsOf, problemMessage, type DelimitedFormat } from './delimited-rows.ts'
import type { RawRecord } from './record-splitter.ts'
import type { RowWriter } from './row-json.ts'

export interface RowEvent {
  /** JSON bytes of the event, also of one with bad cells; of a row that cannot be told apart into cells, the row. */
  readonly bytes: Uint8Array
  /** The row as it stood. */
  readonly original: Uint8Array
  readonly problem?: EventFault
}

export function readRow(record: RawRecord, format: DelimitedFormat, write: RowWriter): RowEvent {
  const original = record.bytes
  if (record.problem !== undefined) {
    const code = record.problem === 'too_long' ? 'INGEST_EVENT_TOO_LARGE' : 'INGEST_INVALID_EVENT'
    return badRow(original, code, problemMessage(record.problem))
  }
  if (format.encoding === 'utf-8' && !isUtf8(original)) {
    return badRow(original, 'INGEST_INVALID_UTF8', 'the row is not UTF-8: give the encoding')
  }
  const fields = fieldsOf(record, format)
  if (!fields) return badRow(original, 'INGEST_INVALID_EVENT', 'the quotes cannot be read')
  const json = write(fields)
  if (typeof json === 'string') return { bytes: Buffer.from(json), original }
  return {
    bytes: json.asText === undefined ? original : Buffer.from(json.asText),
    original,
    problem: { code: 'INGEST_INVALID_EVENT', issues: json.issues },
  }
}

const badRow = (original: Uint8Array, code: IngestErrorCode, message: string): RowEvent => ({
  bytes: original,
  original,
  problem: { code, issues: [{ path: '', message }] },
})

/** A dead letter as JSON text: the record, byte for byte, with the facts and the fate of the letter behind it. */
import { readDeadLetter, type LogRecord } from '../core/index.ts'
import type { LetterStatus } from '../ingest/index.ts'
import { recordJson } from './record-json.ts'

export function letterJson(record: LogRecord, status: LetterStatus): string {
  const letter = readDeadLetter(record.headers)
  const json = recordJson(record)
  if (!letter) return json
  const facts = JSON.stringify({ id: record.offset, ...status, deadLetter: letter })
  return `${json.slice(0, -1)},${facts.slice(1)}`
}

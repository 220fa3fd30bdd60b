/**
 * A record as JSON text. A value that is JSON stands in the answer byte for byte, so a number that JavaScript would round
 * arrives as it was sent; other text is a string; other bytes are base64, named so by `valueEncoding`.
 */
import type { LogRecord, RecordHeader } from '../core/index.ts'

const decoder = new TextDecoder('utf-8', { fatal: true })

export type ByteEncoding = 'json' | 'text' | 'base64'

/** JSON text of one record on one line. */
export function recordJson(record: LogRecord): string {
  const value = bytesJson(record.value, true)
  const key = bytesJson(record.key, false)
  const headers = record.headers.map(headerJson).join(',')
  return (
    `{"partition":${record.partition},"offset":${record.offset}` +
    `,"timestamp":${JSON.stringify(isoTime(record.timestamp))}` +
    `,"key":${key.json}${key.encoding === 'base64' ? ',"keyEncoding":"base64"' : ''}` +
    `,"value":${value.json},"valueEncoding":"${value.encoding}","headers":[${headers}]}`
  )
}

/** ISO 8601, or the plain number of milliseconds as text where there is no such date. */
export function isoTime(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms)
}

function headerJson(header: RecordHeader): string {
  const value = bytesJson(header.value, false)
  const base64 = value.encoding === 'base64' ? ',"valueEncoding":"base64"' : ''
  return `{"key":${JSON.stringify(header.key)},"value":${value.json}${base64}}`
}

function bytesJson(
  bytes: Uint8Array | null,
  mayBeJson: boolean,
): { json: string; encoding: ByteEncoding } {
  if (bytes === null) return { json: 'null', encoding: 'json' }
  let text: string
  try {
    text = decoder.decode(bytes)
  } catch {
    return { json: JSON.stringify(Buffer.from(bytes).toString('base64')), encoding: 'base64' }
  }
  if (mayBeJson && isJson(text)) return { json: oneLine(text), encoding: 'json' }
  return { json: JSON.stringify(text), encoding: 'text' }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** Inside valid JSON a line end can only be white space between tokens. */
const oneLine = (json: string): string => json.replaceAll(/[\r\n]+/g, ' ').trim()

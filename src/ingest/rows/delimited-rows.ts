/** From the records of a delimited text to rows of text fields: header, quotes, character set. */
import { parse } from 'csv-parse/sync'
import { ingestError } from '../errors.ts'
import type { RawRecord, RecordProblem } from './record-splitter.ts'

export interface DelimitedFormat {
  readonly delimiter: string
  /** Fields may stand in double quotes (RFC 4180). */
  readonly quotes: boolean
  readonly encoding: 'utf-8' | 'iso-8859-1'
}

const PROBLEMS: Readonly<Record<RecordProblem, string>> = {
  too_long: 'the line is longer than the limit lineBytes; only its first bytes are kept',
  unclosed_quote: 'a quote opens and never closes: double quotes inside of a field, or close it',
  text_after_quote: 'text follows a closing quote: double quotes inside of a field',
}

export const problemMessage = (problem: RecordProblem): string => PROBLEMS[problem]

/** The fields of a record; undefined when its quoting is broken. */
export function fieldsOf(record: RawRecord, format: DelimitedFormat): string[] | undefined {
  const text = textOf(record.bytes, format.encoding)
  if (!record.quoted) return text.split(format.delimiter)
  try {
    const rows = parse(text, {
      delimiter: format.delimiter,
      relax_column_count: true,
      relax_quotes: true,
    })
    return rows.length === 1 ? rows[0] : undefined
  } catch {
    return undefined
  }
}

// Node's latin1 is ISO-8859-1 exactly; TextDecoder's would be Windows-1252.
export const textOf = (bytes: Buffer, encoding: DelimitedFormat['encoding']): string =>
  bytes.toString(encoding === 'utf-8' ? 'utf8' : 'latin1')

/** Names from a header line, checked. `where` names the file or body. Throws `INGEST_INVALID_BODY` or what `code` says. */
export function headerNames(
  fields: readonly string[] | undefined,
  where: string,
  code: 'INGEST_INVALID_BODY' | 'INGEST_SOURCE_FAILED',
): string[] {
  const names = fields?.map((name) => name.trim())
  if (!names || names.length === 0) {
    throw ingestError(code, `${where} has no header line: send the column names first`)
  }
  const seen = new Set<string>()
  for (const name of names) {
    if (name === '' || name === '__proto__' || seen.has(name)) {
      const what = name === '' ? 'an empty name' : seen.has(name) ? 'a repeated name' : 'a bad name'
      throw ingestError(code, `the header of ${where} has ${what}: give each column its own name`, {
        details: { column: name.slice(0, 80) },
      })
    }
    seen.add(name)
  }
  return names
}

const BOM = Buffer.from([0xef, 0xbb, 0xbf])

/** The chunks without a leading byte order mark. */
export async function* withoutBom(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let head: Buffer | undefined = Buffer.alloc(0)
  for await (const chunk of chunks) {
    if (!head) {
      yield chunk
      continue
    }
    head = Buffer.concat([head, chunk])
    if (head.length < BOM.length) continue
    yield head.subarray(0, 3).equals(BOM) ? head.subarray(3) : head
    head = undefined
  }
  if (head && head.length > 0) yield head
}

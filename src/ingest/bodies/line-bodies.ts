/** NDJSON and CSV bodies: streamed by line with bounded memory, each bad line on its own. */
import type { Limits } from '../../core/index.ts'
import { ingestError } from '../errors.ts'
import { isLoose } from '../events/strict-schema.ts'
import type { TopicContract } from '../ingest.ts'
import {
  fieldsOf,
  headerNames,
  problemMessage,
  withoutBom,
  type DelimitedFormat,
} from '../rows/delimited-rows.ts'
import { splitRecords } from '../rows/record-splitter.ts'
import { readRow } from '../rows/row-event.ts'
import { planRows, type RowWriter } from '../rows/row-json.ts'
import type { Incoming } from './incoming.ts'
import { bodyTooLarge } from './json-body.ts'

/** Throws INGEST_BODY_TOO_LARGE at the byte after the limit. */
export async function* readNdjsonBody(
  chunks: AsyncIterable<Uint8Array>,
  limits: Limits,
): AsyncGenerator<Incoming[]> {
  const bytes = withoutBom(capped(chunks, limits.streamBodyBytes))
  for await (const records of splitRecords(bytes, { maxBytes: limits.lineBytes })) {
    yield records.map(({ bytes, line, problem }): Incoming => {
      if (problem === undefined) return { bytes, line }
      const issues = [{ path: '', message: problemMessage(problem) }]
      return { bytes, line, problem: { code: 'INGEST_EVENT_TOO_LARGE', issues } }
    })
  }
}

const CSV: DelimitedFormat = { delimiter: ',', quotes: true, encoding: 'utf-8' }

/** The first line names the columns. Throws INGEST_BODY_TOO_LARGE, INGEST_INVALID_BODY. */
export async function* readCsvBody(
  chunks: AsyncIterable<Uint8Array>,
  contract: TopicContract | undefined,
  limits: Limits,
): AsyncGenerator<Incoming[]> {
  const bytes = withoutBom(capped(chunks, limits.streamBodyBytes))
  const options = { maxBytes: limits.lineBytes, quoteAfter: CSV.delimiter.charCodeAt(0) }
  let write: RowWriter | undefined
  for await (const records of splitRecords(bytes, options)) {
    const rows = write ? records : records.slice(1)
    write ??= planBody(fieldsOf(records[0]!, CSV), contract)
    const writer = write
    if (rows.length > 0) {
      yield rows.map((record) => ({ ...readRow(record, CSV, writer), line: record.line }))
    }
  }
  if (!write) headerNames(undefined, 'the body', 'INGEST_INVALID_BODY')
}

function planBody(
  fields: readonly string[] | undefined,
  contract: TopicContract | undefined,
): RowWriter {
  const names = headerNames(fields, 'the body', 'INGEST_INVALID_BODY')
  const extras = contract?.schema && isLoose(contract.schema) ? 'keep' : 'drop'
  const plan = planRows(names, contract?.schema ? contract.columns : undefined, extras)
  const { missing, unused } = plan
  const shown = contract?.columns.map((column) => column.name).join(', ') ?? ''
  if (missing.length > 0) {
    throw ingestError(
      'INGEST_INVALID_BODY',
      `the header lacks the column ${missing.join(', ')}: send ${shown}`,
      { details: { missing } },
    )
  }
  if (unused.length > 0 && extras === 'drop') {
    throw ingestError(
      'INGEST_INVALID_BODY',
      `the header has columns that the topic has not: send only ${shown}`,
      { details: { unknown: unused.slice(0, 20).map((name) => name.slice(0, 80)) } },
    )
  }
  return plan.write
}

async function* capped(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const chunk of chunks) {
    bytes += chunk.length
    if (bytes > maxBytes) throw bodyTooLarge(maxBytes, 'streamBodyBytes')
    yield chunk
  }
}

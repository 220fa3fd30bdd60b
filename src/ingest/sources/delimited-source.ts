/** The reader behind the delimited formats: what a file's first line says, then one event per row. */
import { quote } from '../../core/index.ts'
import { ingestError } from '../errors.ts'
import type { SourceEvent } from '../ingest.ts'
import { fieldsOf, headerNames, withoutBom, type DelimitedFormat } from '../rows/delimited-rows.ts'
import { splitRecords, type RawRecord, type SplitOptions } from '../rows/record-splitter.ts'
import { readRow } from '../rows/row-event.ts'
import { planRows, type RowPlan } from '../rows/row-json.ts'
import type { DataFile } from './data-file.ts'
import type { FileOptions, FileSource } from './source.ts'
import { surveyFile, type Survey } from './survey.ts'

/** What a delimited format decides for itself. */
export interface Dialect {
  readonly format: string
  /** From the first line; throws INGEST_SOURCE_FAILED when it has none of the format's delimiters. */
  delimiter(firstLine: string, file: DataFile): string
  readonly quotes: boolean
}

export async function openDelimited(
  file: DataFile,
  options: FileOptions,
  dialect: Dialect,
): Promise<FileSource> {
  const split: SplitOptions = {
    maxBytes: options.lineBytes,
    // The true delimiter is known after the first line; a comma is near enough to count records.
    ...(dialect.quotes ? { quoteAfter: (options.delimiter ?? ',').charCodeAt(0) } : {}),
  }
  const survey = await surveyFile(file, split)
  const format = formatOf(file, options, dialect, survey)
  const layout = layoutOf(file, options, format, survey)
  const plan = planRows(layout.names, options.columns, options.extras)
  const columnList = layout.names.slice(0, 20).join(', ')
  if (plan.missing.length > 0) {
    throw ingestError(
      'INGEST_SOURCE_FAILED',
      `file ${quote(file.name)} has no column ${quote(plan.missing[0] ?? '')}, its columns are ${quote(columnList)}: give the names with the header option`,
      { details: { file: file.name, missing: plan.missing } },
    )
  }
  const rows = { file, format, split, plan, hasHeader: layout.hasHeader }
  return {
    id: `file:${file.name}`,
    fingerprint: survey.fingerprint,
    file: file.name,
    format: dialect.format,
    encoding: format.encoding,
    fields: layout.names,
    warnings:
      plan.unused.length > 0 && options.extras !== 'keep'
        ? [
            `${file.name}: columns without a field in the topic are left out: ${plan.unused.join(', ')}`,
          ]
        : [],
    ...(survey.records === undefined
      ? {}
      : { total: survey.records - (layout.hasHeader && survey.records > 0 ? 1 : 0) }),
    events: (from, signal) => readRows(rows, from, signal),
  }
}

function formatOf(
  file: DataFile,
  options: FileOptions,
  dialect: Dialect,
  survey: Survey,
): DelimitedFormat {
  const encoding = options.encoding ?? survey.encoding
  const line = survey.first?.bytes.toString('latin1') ?? ''
  const delimiter = options.delimiter ?? dialect.delimiter(line, file)
  return { delimiter, quotes: dialect.quotes, encoding }
}

interface Layout {
  readonly names: readonly string[]
  readonly hasHeader: boolean
}

function layoutOf(
  file: DataFile,
  options: FileOptions,
  format: DelimitedFormat,
  survey: Survey,
): Layout {
  const declared = options.columns?.map((column) => column.name)
  if (!survey.first) return { names: declared ?? [], hasHeader: false }
  const fields = fieldsOf(stripBom(survey.first), format)
  if (Array.isArray(options.header)) return { names: options.header, hasHeader: false }
  const hasHeader =
    options.header ??
    (declared === undefined || fields?.some((name) => declared.includes(name.trim())))
  if (hasHeader === true) {
    return { names: headerNames(fields, file.name, 'INGEST_SOURCE_FAILED'), hasHeader: true }
  }
  if (declared && declared.length === fields?.length) return { names: declared, hasHeader: false }
  throw ingestError(
    'INGEST_SOURCE_FAILED',
    `file ${quote(file.name)} has no header line, and its first row has ${fields?.length ?? 0} fields for ${declared?.length ?? 0} columns: check the delimiter, or give the names with the header option`,
    { details: { file: file.name } },
  )
}

const stripBom = (record: RawRecord): RawRecord =>
  record.bytes.subarray(0, 3).toString('latin1') === '\u00ef\u00bb\u00bf'
    ? { ...record, bytes: record.bytes.subarray(3) }
    : record

interface Rows {
  readonly file: DataFile
  readonly format: DelimitedFormat
  readonly split: SplitOptions
  readonly plan: RowPlan
  readonly hasHeader: boolean
}

async function* readRows(
  rows: Rows,
  from: number,
  signal?: AbortSignal,
): AsyncGenerator<SourceEvent[]> {
  const split = rows.format.quotes
    ? { ...rows.split, quoteAfter: rows.format.delimiter.charCodeAt(0) }
    : rows.split
  let position = rows.hasHeader ? -1 : 0
  for await (const records of splitRecords(withoutBom(rows.file.read(signal)), split)) {
    const events: SourceEvent[] = []
    for (const record of records) {
      position++
      if (position >= from && position > 0) {
        events.push({ ...readRow(record, rows.format, rows.plan.write), position })
      }
    }
    if (events.length > 0) yield events
  }
}

/** JSON Lines: one JSON object a line, stored byte for byte. */
import type { SourceEvent } from '../../ingest.ts'
import { problemMessage, withoutBom } from '../../rows/delimited-rows.ts'
import { splitRecords } from '../../rows/record-splitter.ts'
import { failed, type DataFile } from '../data-file.ts'
import type { FileOptions, FileSource, SourceFormat } from '../source.ts'
import { surveyFile } from '../survey.ts'

export const jsonlSource: SourceFormat = {
  name: 'jsonl',
  summary: 'One JSON object a line',
  extensions: ['.jsonl', '.ndjson', '.json'],
  open: openJsonl,
}

async function openJsonl(file: DataFile, options: FileOptions): Promise<FileSource> {
  const survey = await surveyFile(file, { maxBytes: options.lineBytes })
  if (/^(\u00ef\u00bb\u00bf)?\s*\[/.test(survey.first?.bytes.toString('latin1') ?? '')) {
    throw failed(file.path, 'is one JSON array: write one object a line')
  }
  return {
    id: `file:${file.name}`,
    fingerprint: survey.fingerprint,
    file: file.name,
    format: 'jsonl',
    // JSON is UTF-8 (RFC 8259, section 8.1); a line that is not goes to the dead letters.
    encoding: 'utf-8',
    fields: [],
    warnings: [],
    ...(survey.records === undefined ? {} : { total: survey.records }),
    events: (from, signal) => readLines(file, options.lineBytes, from, signal),
  }
}

async function* readLines(
  file: DataFile,
  maxBytes: number,
  from: number,
  signal?: AbortSignal,
): AsyncGenerator<SourceEvent[]> {
  let position = 0
  for await (const records of splitRecords(withoutBom(file.read(signal)), { maxBytes })) {
    const events: SourceEvent[] = []
    for (const { bytes, problem } of records) {
      position++
      if (position < from) continue
      events.push(
        problem === undefined
          ? { bytes, position }
          : {
              bytes,
              position,
              problem: {
                code: 'INGEST_EVENT_TOO_LARGE',
                issues: [{ path: '', message: problemMessage(problem) }],
              },
            },
      )
    }
    if (events.length > 0) yield events
  }
}

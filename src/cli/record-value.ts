/**
 * The value of a record's JSON text as it stands there, byte for byte: parsing and printing again would round large
 * numbers. The text is ours (`api/record-json.ts`), so the members have a fixed order; quotes inside strings are escaped, so
 * the first `,"value":` and the last `,"valueEncoding":` before the headers are the members themselves.
 */
export function recordValue(record: string): string {
  const start = record.indexOf(',"value":')
  const encodings = [...record.matchAll(/,"valueEncoding":"(json|text|base64)","headers":\[/g)]
  const end = encodings.at(-1)
  if (start === -1 || !end) return record
  const raw = record.slice(start + ',"value":'.length, end.index)
  return end[1] === 'json' ? raw : String(JSON.parse(raw))
}

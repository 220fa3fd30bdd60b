import { afterAll, describe, expect, it } from 'vitest'
import { createTempFiles } from '../../temp-files.conformance.ts'
import { openFileSource } from '../open-source.ts'
import { knownColumns, sourceConformance } from '../source.conformance.ts'

const files = createTempFiles()
afterAll(() => files.remove())
const open = async (name: string, text: string) =>
  openFileSource(await files.write(`${name}.jsonl`, text), {
    columns: knownColumns,
    lineBytes: 100_000,
  })

describe('jsonl source conformance', () => {
  const checks = sourceConformance({
    holds: { lineBreaks: true, delimiters: true },
    open: (name, rows) => open(name, rows.map((row) => `${JSON.stringify(row)}\n`).join('')),
  })
  for (const check of checks) it(`${check.guarantee}: ${check.name}`, check.run)
})

describe('jsonl source', () => {
  it('gives each line as it was written', async () => {
    const source = await open('raw', '{ "a" : 4.0 }\r\n\n{"b":1}')
    const lines: string[] = []
    for await (const events of source.events(1)) {
      lines.push(...events.map(({ bytes }) => Buffer.from(bytes).toString()))
    }
    expect(lines).toEqual(['{ "a" : 4.0 }', '{"b":1}'])
  })

  it('a line beyond the limit is a problem of its own', async () => {
    const source = await open('long', `{"a":1}\n"${'x'.repeat(200_000)}"\n{"b":2}\n`)
    const codes: unknown[] = []
    for await (const events of source.events(1)) {
      codes.push(...events.map(({ problem }) => problem?.code))
    }
    expect(codes).toEqual([undefined, 'INGEST_EVENT_TOO_LARGE', undefined])
  })

  it('says what to do with one array', async () => {
    await expect(open('array', '[{"a":1}]')).rejects.toThrow('write one object a line')
  })
})

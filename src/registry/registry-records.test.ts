import { expect, test } from 'vitest'
import type { LogRecord, NewRecord } from '../core/index.ts'
import { createEntryDecoder, encodeEntry, encodeJson, REGISTRY_TOPIC } from './registry-records.ts'
import { sampleDraft } from './registry-samples.ts'

const at = (record: Partial<NewRecord>, offset = 0): LogRecord => ({
  topic: REGISTRY_TOPIC,
  partition: 0,
  offset,
  key: null,
  value: null,
  headers: [],
  timestamp: 0,
  ...record,
})
const version = {
  ...sampleDraft('like'),
  version: 1,
  createdAt: '2026-01-01T00:00:00.000Z',
  digest: '0'.repeat(64),
  bytes: 1,
}

const part = (text: string) => [{ key: 'part', value: Buffer.from(text) }]

test('a long entry is cut into parts below the limit of a record and comes back whole', () => {
  const long = { ...version, kind: 'é'.repeat(700_000) }
  const records = encodeEntry({ type: 'version', version: long }, 5)
  expect(records.length).toBeGreaterThan(2)
  for (const record of records) expect(record.value!.length).toBeLessThan(1024 * 1024)
  const decode = createEntryDecoder()
  const decoded = records.map((record, offset) => decode(at(record, offset)))
  expect(decoded.slice(0, -1)).toEqual(records.slice(1).map(() => ({ part: true })))
  expect(decoded.at(-1)).toEqual({ entry: { type: 'version', version: long } })
})

test('what a foreign producer wrote has no effect and says why', () => {
  const decode = createEntryDecoder()
  const [record] = encodeEntry({ type: 'version', version }, 5)
  const values: (Uint8Array | null)[] = [
    null,
    Buffer.from('hello'),
    Buffer.from([0xff, 0xfe]),
    Buffer.from('null'),
    Buffer.from('{"format":1}'),
    encodeJson({ type: 'version', version: { ...version, model: '../../etc' } }),
    encodeJson({ type: 'version', version: { ...version, digest: 'x' } }),
  ]
  for (const value of values) expect(decode(at({ value }))).toHaveProperty('foreign')
  for (const text of ['2/2', '1/1000000', 'x', '0/1', '-1/2']) {
    expect(decode(at({ ...record, headers: part(text) }))).toHaveProperty('foreign')
  }
  expect(decode(at(record!))).toHaveProperty('entry')
})

test('a record of a newer format stops the reader', () => {
  const value = Buffer.from(JSON.stringify({ format: 2, type: 'version' }))
  expect(() => createEntryDecoder()(at({ value }, 9))).toThrow(/record 9 .* format 2/)
})

test('a figure without a JSON form is refused and named', () => {
  expect(() => encodeJson({ metrics: { auc: Number.NaN } })).toThrow(/"auc" is NaN/)
  expect(() => encodeJson({ rows: Infinity })).toThrow(/"rows" is Infinity/)
})

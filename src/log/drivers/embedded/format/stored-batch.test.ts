import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isMillraceError, type LogRecord, type NewRecord } from '../../../../core/index.ts'
import { crc32c } from '../../../../kernels/index.ts'
import { decodeBatch } from './batch-decoder.ts'
import { BatchEncoder } from './batch-encoder.ts'
import { CRC_FROM, readBatchHeader } from './batch-header.ts'
import { capturedBatches } from './captured-batches.testing.ts'
import { checkStoredBatch, type BatchRules } from './stored-batch.ts'

const RULES: BatchRules = {
  topic: 't',
  recordBytes: 1_000,
  batchBytes: 100_000,
  needsKeys: false,
}
const utf8 = new TextEncoder()

const record = (value: string, more: Partial<NewRecord> = {}): NewRecord => ({
  key: utf8.encode('k'),
  value: utf8.encode(value),
  headers: [],
  timestamp: 1_700_000_000_000,
  ...more,
})

function encode(records: readonly NewRecord[]): Uint8Array<ArrayBuffer> {
  const encoder = new BatchEncoder()
  for (const one of records) encoder.add(one)
  return Uint8Array.from(encoder.finish(0))
}

/** Changes bytes of a batch and makes its checksum right again, as a client with a mistake would send it. */
function changed(
  bytes: Uint8Array<ArrayBuffer>,
  change: (view: DataView) => void,
): Uint8Array<ArrayBuffer> {
  const copy = Uint8Array.from(bytes)
  const view = new DataView(copy.buffer)
  change(view)
  view.setUint32(17, crc32c(copy, CRC_FROM))
  return copy
}

function decode(bytes: Uint8Array, from = 0): LogRecord[] {
  const records: LogRecord[] = []
  for (let at = 0; at < bytes.length;) {
    const header = readBatchHeader(bytes, at)
    if (header === undefined) throw new RangeError('no batch')
    decodeBatch(bytes, at, header, { topic: 't', partition: 0, from, to: Infinity }, records)
    at += header.sizeBytes
  }
  return records
}

const faultOf = (bytes: Uint8Array, rules: Partial<BatchRules> = {}): unknown => {
  try {
    checkStoredBatch(bytes, { ...RULES, ...rules })
    return 'none'
  } catch (error) {
    if (!isMillraceError(error, 'LOG_INVALID_BATCH')) throw error
    return error.details['fault']
  }
}

const GOOD = encode([record('a'), record('b', { timestamp: 1_700_000_000_007 })])

describe('captured batches of foreign clients', () => {
  for (const [client, base64] of Object.entries(capturedBatches)) {
    test(`${client}: the records come out, and the batch may be stored`, () => {
      const bytes = Uint8Array.from(Buffer.from(base64, 'base64'))
      const records = decode(bytes)
      expect(records.map(({ offset }) => offset)).toEqual(Array.from({ length: 20 }, (_, i) => i))
      for (const [index, { key, value }] of records.entries()) {
        expect(Buffer.from(key!).toString()).toBe(`k${index + 1}`)
        const event = { user: index + 1, text: 'the same words again and again and again' }
        expect(JSON.parse(Buffer.from(value!).toString())).toEqual(event)
      }
      const first = readBatchHeader(bytes, 0)!
      const one = bytes.slice(0, first.sizeBytes)
      const batch = checkStoredBatch(one, RULES)
      expect(batch.span).toBe(first.recordCount)
      expect(Buffer.from(batch.finish(0)).equals(bytes.subarray(0, first.sizeBytes))).toBe(true)
    })
  }
})

describe('a batch that may be stored', () => {
  test('gets its base offset and leader epoch, and keeps every other byte', () => {
    const sent = changed(GOOD, (view) => view.setInt32(12, 77))
    const batch = checkStoredBatch(Uint8Array.from(sent), RULES)
    const stored = batch.finish(1_000)
    expect(decode(stored).map(({ offset }) => offset)).toEqual([1_000, 1_001])
    expect(stored.subarray(16)).toEqual(sent.subarray(16))
    expect(batch).toMatchObject({ span: 2, maxTimestamp: 1_700_000_000_007 })
  })

  test('gets the right maxTimestamp, or a look-up by time would miss it', () => {
    const sent = changed(GOOD, (view) => view.setBigInt64(35, 5n))
    const stored = checkStoredBatch(sent, RULES).finish(0)
    expect(readBatchHeader(stored, 0)?.maxTimestamp).toBe(1_700_000_000_007)
    expect(faultOf(Uint8Array.from(stored))).toBe('none')
  })

  test('may have tombstones, empty values, no timestamp and a thousand headers', () => {
    const headers = Array.from({ length: 1_000 }, () => ({ key: 'h', value: null }))
    const records = [
      record('', { value: null }),
      record(''),
      record('x', { timestamp: -1 }),
      record('y', { headers }),
    ]
    expect(faultOf(encode(records))).toBe('none')
  })
})

describe('a batch that no reader could use is refused', () => {
  const big = '.'.repeat(1_001)
  const longHeaders = Array.from({ length: 10_000 }, () => ({
    key: 'header',
    value: utf8.encode('v'),
  }))
  test.each<[what: string, fault: string, bytes: Uint8Array, rules?: Partial<BatchRules>]>([
    ['nothing', 'malformed', new Uint8Array(0)],
    ['a message of format v1', 'old-format', changed(GOOD, (view) => view.setInt8(16, 1))],
    ['a format of the future', 'malformed', changed(GOOD, (view) => view.setInt8(16, 3))],
    ['a cut batch', 'malformed', GOOD.subarray(0, GOOD.length - 1)],
    ['two batches', 'malformed', Uint8Array.from(Buffer.concat([GOOD, GOOD]))],
    ['a flipped bit', 'checksum', Uint8Array.from(GOOD, (byte, at) => byte ^ (at === 70 ? 1 : 0))],
    ['a control batch', 'malformed', changed(GOOD, (view) => view.setInt16(21, 0x20))],
    ['a delete horizon', 'malformed', changed(GOOD, (view) => view.setInt16(21, 0x40))],
    ['a transaction', 'transactional', changed(GOOD, (view) => view.setInt16(21, 0x10))],
    ['an unknown codec', 'compression', changed(GOOD, (view) => view.setInt16(21, 5))],
    ['no gzip in a gzip batch', 'malformed', changed(GOOD, (view) => view.setInt16(21, 1))],
    ['a count of zero', 'malformed', changed(GOOD, (view) => view.setInt32(57, 0))],
    ['more records than there are', 'malformed', changed(GOOD, (view) => countOf(view, 3))],
    ['fewer records than there are', 'malformed', changed(GOOD, (view) => countOf(view, 1))],
    ['a billion records', 'too-large', changed(GOOD, (view) => countOf(view, 1e9))],
    ['gaps in the offsets', 'malformed', changed(GOOD, (view) => view.setInt32(23, 5))],
    ['a time beyond all', 'timestamp', changed(GOOD, (view) => view.setBigInt64(27, 2n ** 62n))],
    ['a producer without sequence', 'malformed', changed(GOOD, (view) => view.setBigInt64(43, 7n))],
    ['a value above the limit', 'too-large', encode([record(big)])],
    ['headers above the limit', 'too-large', encode([record('a', { headers: longHeaders })])],
    ['a batch above the limit', 'too-large', GOOD, { batchBytes: 50 }],
    [
      'no key for a compacted topic',
      'keyless',
      encode([record('a', { key: null })]),
      { needsKeys: true },
    ],
  ])('%s: %s', (_what, fault, bytes, rules) => {
    expect(faultOf(Uint8Array.from(bytes), rules)).toBe(fault)
  })

  test('whatever a client changes, a batch that is accepted can be read', () => {
    const samples = [GOOD, ...Object.values(capturedBatches).map(firstBatch)]
    const change = fc.record({
      sample: fc.constantFrom(...samples),
      at: fc.nat(400),
      byte: fc.nat(255),
    })
    fc.assert(
      fc.property(change, ({ sample, at, byte }) => {
        const bytes = changed(sample, (view) =>
          view.setUint8(17 + (at % (sample.length - 17)), byte),
        )
        if (faultOf(bytes) !== 'none') return
        const count = decode(checkStoredBatch(bytes, RULES).finish(9)).length
        expect(count).toBe(readBatchHeader(bytes, 0)!.recordCount)
      }),
      { numRuns: 1_000 },
    )
  })
})

function countOf(view: DataView, count: number): void {
  view.setInt32(57, count)
  view.setInt32(23, count - 1)
}

function firstBatch(base64: string): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from(Buffer.from(base64, 'base64'))
  return bytes.slice(0, readBatchHeader(bytes, 0)!.sizeBytes)
}

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { LogRecord, NewRecord } from '../../../../core/index.ts'
import { decodeBatch } from './batch-decoder.ts'
import { BatchEncoder, MAX_TIMESTAMP_MS } from './batch-encoder.ts'
import { checksumHolds, readBatchHeader } from './batch-header.ts'

/**
 * Written by hand from the protocol guide, "Record Batch" and "Record": two records from offset 5 on, k=v with the header
 * h=x at 1,700,000,000,000 ms, and three milliseconds earlier a record with neither key nor value and a null header. The
 * checksum was computed with a bitwise CRC-32C, apart from this code.
 */
const BY_HAND = Uint8Array.from(
  Buffer.from(
    [
      '0000000000000005', // baseOffset
      '00000048', // batchLength: 84 bytes in all, less 12
      '00000000', // partitionLeaderEpoch
      '02', // magic
      '45cf0333', // crc
      '0000', // attributes
      '00000001', // lastOffsetDelta
      '0000018bcfe56800', // baseTimestamp
      '0000018bcfe56800', // maxTimestamp
      'ffffffffffffffff', // producerId
      'ffff', // producerEpoch
      'ffffffff', // baseSequence
      '00000002', // records
      '18 00 00 00 02 6b 02 76 02 02 68 02 78',
      '12 00 05 02 01 01 02 02 6e 01',
    ]
      .join('')
      .replaceAll(' ', ''),
    'hex',
  ),
)

const text = (value: string): Uint8Array => Uint8Array.from(Buffer.from(value))
const RECORDS: NewRecord[] = [
  {
    key: text('k'),
    value: text('v'),
    headers: [{ key: 'h', value: text('x') }],
    timestamp: 1_700_000_000_000,
  },
  { key: null, value: null, headers: [{ key: 'n', value: null }], timestamp: 1_699_999_999_997 },
]

function encode(records: readonly NewRecord[], baseOffset: number): Uint8Array {
  const encoder = new BatchEncoder()
  for (const record of records) encoder.add(record)
  return encoder.finish(baseOffset)
}

function decode(bytes: Uint8Array): LogRecord[] {
  const header = readBatchHeader(bytes, 0)
  if (header === undefined || header.sizeBytes !== bytes.length) throw new RangeError('no batch')
  if (!checksumHolds(bytes, 0, bytes.length)) throw new RangeError('checksum')
  const records: LogRecord[] = []
  decodeBatch(bytes, 0, header, { topic: 't', partition: 3, from: 0, to: Infinity }, records)
  return records
}

const placed = (records: readonly NewRecord[], base: number): LogRecord[] =>
  records.map((record, index) => ({ topic: 't', partition: 3, offset: base + index, ...record }))

describe('record batch v2', () => {
  test('is written byte for byte as the protocol guide says', () => {
    expect(Buffer.from(encode(RECORDS, 5)).toString('hex')).toBe(
      Buffer.from(BY_HAND).toString('hex'),
    )
  })

  test('is read as the protocol guide says', () => {
    expect(decode(BY_HAND)).toEqual(placed(RECORDS, 5))
    expect(readBatchHeader(BY_HAND, 0)).toEqual({
      baseOffset: 5,
      sizeBytes: 84,
      attributes: 0,
      lastOffset: 6,
      baseTimestamp: 1_700_000_000_000,
      maxTimestamp: 1_700_000_000_000,
      recordCount: 2,
    })
  })

  test('no flipped bit goes unseen', () => {
    for (let bit = 0; bit < BY_HAND.length * 8; bit++) {
      const damaged = BY_HAND.slice()
      damaged[bit >> 3]! ^= 1 << (bit & 7)
      // A wrong base offset alone passes here: the segment finds it, its batches being adjacent.
      if (bit < 64) expect(readBatchHeader(damaged, 0)?.baseOffset).not.toBe(5)
      else expect(() => decode(damaged), `bit ${bit}`).toThrow(RangeError)
    }
  })

  test('an encoder that was used before leaves nothing in the next batch', () => {
    const encoder = new BatchEncoder()
    for (let index = 0; index < 100; index++) encoder.add(RECORDS[index % 2]!)
    encoder.finish(0)
    encoder.reset()
    for (const record of RECORDS) encoder.add(record)
    expect(encoder.finish(5)).toEqual(BY_HAND)
  })
})

const bytesOrNull = fc.option(fc.uint8Array({ maxLength: 300 }), { nil: null })
const anyRecord: fc.Arbitrary<NewRecord> = fc.record({
  key: bytesOrNull,
  value: bytesOrNull,
  headers: fc.array(
    fc.record({ key: fc.string({ unit: 'grapheme', maxLength: 40 }), value: bytesOrNull }),
    { maxLength: 4 },
  ),
  timestamp: fc.oneof(
    fc.integer({ min: -1, max: 2 ** 31 }),
    // Adding 0 makes -0, which a remainder can be and a varint cannot, a plain 0.
    fc.maxSafeInteger().map((value) => (value % MAX_TIMESTAMP_MS) + 0),
    fc.constantFrom(-MAX_TIMESTAMP_MS, MAX_TIMESTAMP_MS),
  ),
})

describe('any records', () => {
  test('come back as they were, at any base offset', () => {
    fc.assert(
      fc.property(
        fc.array(anyRecord, { minLength: 1, maxLength: 40 }),
        fc.nat({ max: Number.MAX_SAFE_INTEGER - 100 }),
        (records, base) => {
          expect(decode(encode(records, base))).toEqual(placed(records, base))
        },
      ),
      { numRuns: 300 },
    )
  })

  test('random bytes behind a right checksum are refused, never misread without end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat({ max: 50 }), (body, count) => {
        const header = {
          baseOffset: 0,
          sizeBytes: 61 + body.length,
          attributes: 0,
          lastOffset: count,
          baseTimestamp: 0,
          maxTimestamp: 0,
          recordCount: count,
        }
        const bytes = new Uint8Array(61 + body.length)
        bytes.set(body, 61)
        const records: LogRecord[] = []
        const target = { topic: 't', partition: 0, from: 0, to: Infinity }
        try {
          decodeBatch(bytes, 0, header, target, records)
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError)
        }
        expect(records.length).toBeLessThanOrEqual(count)
      }),
      { numRuns: 1_000 },
    )
  })
})

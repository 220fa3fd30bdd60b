import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import type { NewRecord } from '../../../../core/index.ts'
import { crc32c } from '../../../../kernels/index.ts'
import { decodeBatches, type AbortedTransaction } from './record-decoder.ts'
import { encodeBatch, encodeRecords, recordSize, type Compression } from './record-encoder.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const PLACE = { producerId: 7n, producerEpoch: 1, sequence: 40 }
const RECORDS: readonly NewRecord[] = [
  { key: null, value: bytes('a'), headers: [], timestamp: 1_700_000_000_000 },
  { key: new Uint8Array(0), value: null, headers: [], timestamp: -1 },
  {
    key: bytes('k'),
    value: new Uint8Array(70_000).fill(7),
    headers: [
      { key: 'same', value: bytes('1') },
      { key: 'same', value: null },
      { key: '\ufeffnaïve ☃', value: new Uint8Array(0) },
    ],
    timestamp: 253_402_300_799_999,
  },
]

const source = (from = 0, aborted: readonly AbortedTransaction[] = []) => ({
  topic: 't',
  partition: 0,
  from,
  aborted,
})

function batch(base: number, compression: Compression = 'none'): Buffer {
  const encoded = encodeBatch(encodeRecords(RECORDS), PLACE, compression)
  encoded.writeBigInt64BE(BigInt(base), 0)
  return encoded
}

/** The same batch with other attributes and a right checksum. */
function marked(base: number, attributes: number): Buffer {
  const changed = batch(base)
  changed.writeInt16BE(attributes, 21)
  changed.writeUInt32BE(crc32c(changed.subarray(21)), 17)
  return changed
}

describe('record batches', () => {
  for (const compression of ['none', 'gzip', 'snappy', 'lz4'] as const) {
    it(`come back byte for byte (${compression})`, () => {
      const { records, nextOffset } = decodeBatches(batch(100, compression), source())
      assert.equal(nextOffset, 103)
      const back = records.map(({ key, value, headers, timestamp }) => ({
        key,
        value,
        headers,
        timestamp,
      }))
      assert.deepEqual(back, RECORDS)
      assert.deepEqual(
        records.map(({ offset }) => offset),
        [100, 101, 102],
      )
    })
  }

  it('have the size that was counted before', () => {
    const encoded = encodeRecords(RECORDS)
    const base = encoded[0]!.timestamp
    const sizes = encoded.map((record, index) => recordSize(record, index, base))
    assert.equal(batch(0).length, 61 + sizes.reduce((sum, size) => sum + size, 0))
  })

  it('begin at the offset asked for, and leave out what was cut off', () => {
    const two = Buffer.concat([batch(0), batch(3)])
    const { records, nextOffset } = decodeBatches(two.subarray(0, two.length - 1), source(1))
    assert.deepEqual([records.map(({ offset }) => offset), nextOffset], [[1, 2], 3])
  })

  it('with any changed byte are never returned, and the one before them is', () => {
    for (const at of [16, 17, 21, 30, 43, 57, 70, 1_000]) {
      const damaged = batch(3)
      damaged[at] = damaged[at]! ^ 1
      assert.throws(() => decodeBatches(damaged, source(3)), { code: 'LOG_CORRUPT' }, `byte ${at}`)
      const { records, nextOffset } = decodeBatches(Buffer.concat([batch(0), damaged]), source())
      assert.deepEqual([records.length, nextOffset], [3, 3])
    }
  })

  it('of aborted transactions and control batches are left out, and their offsets passed', () => {
    const TRANSACTIONAL = 0x10
    const CONTROL = 0x20
    const stored = Buffer.concat([marked(0, TRANSACTIONAL), marked(3, CONTROL), batch(6)])
    const { records, nextOffset } = decodeBatches(
      stored,
      source(0, [{ producerId: 7n, firstOffset: 0n }]),
    )
    assert.deepEqual([records.map(({ offset }) => offset), nextOffset], [[6, 7, 8], 9])
    const committed = decodeBatches(stored, source())
    assert.deepEqual(
      committed.records.map(({ offset }) => offset),
      [0, 1, 2, 6, 7, 8],
    )
  })
})

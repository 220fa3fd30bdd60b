/** Messages against bytes written by hand from the protocol guide and its message definitions. */
import { describe, expect, test } from 'vitest'
import { apiVersions } from '../apis/api-versions.ts'
import { fetch } from '../apis/fetch.ts'
import { findCoordinator } from '../apis/find-coordinator.ts'
import { joinGroup } from '../apis/join-group.ts'
import { metadata } from '../apis/metadata.ts'
import { offsetFetch } from '../apis/offset-fetch.ts'
import { produce } from '../apis/produce.ts'
import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import type { Type } from './schema.ts'

const bytes = (hex: string): Uint8Array =>
  Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'))

function read<T>(type: Type<T>, version: number, flexible: boolean, hex: string): T {
  const reader = new ByteReader(bytes(hex))
  const value = type.read(reader, { version, flexible })
  expect(reader.remaining).toBe(0)
  return value
}

function write<T>(type: Type<T>, version: number, flexible: boolean, value: T): string {
  const writer = new ByteWriter()
  type.write(writer, value, { version, flexible })
  return Buffer.concat(writer.finish()).toString('hex')
}

const plain = (hex: string): string => hex.replaceAll(' ', '')

describe('requests', () => {
  test('Metadata v4: one topic, no creation', () => {
    const value = read(metadata.spec.request, 4, false, '00000001 0002 7431 00')
    expect(value).toMatchObject({ topics: [{ name: 't1' }], allowAutoTopicCreation: false })
  })

  test('Metadata v9: compact lengths, and tagged fields that nobody knows', () => {
    const hex = '02 03 7431 00 01 00 00 01 05 02 aabb'
    const value = read(metadata.spec.request, 9, true, hex)
    expect(value).toMatchObject({ topics: [{ name: 't1' }], allowAutoTopicCreation: true })
    expect(read(metadata.spec.request, 9, true, '00 01 00 00 00').topics).toBeNull()
  })

  test('Produce v3: no transactional id, acks all, one partition', () => {
    const hex = 'ffff ffff 00007530 00000001 0001 74 00000001 00000005 00000003 010203'
    expect(read(produce.spec.request, 3, false, hex)).toEqual({
      transactionalId: null,
      acks: -1,
      timeoutMs: 30_000,
      topics: [{ name: 't', partitions: [{ index: 5, records: bytes('010203') }] }],
    })
  })

  test('Fetch v11', () => {
    const hex = [
      'ffffffff 000001f4 00000001 03200000 00', // replica, wait, min, max, isolation
      '00000000 ffffffff', // session
      '00000001 0001 74 00000001', // one topic, one partition
      '00000002 00000000 0000000000000007 ffffffffffffffff 00100000',
      '00000000 0000', // forgotten, rack
    ].join('')
    expect(read(fetch.spec.request, 11, false, hex)).toMatchObject({
      maxWaitMs: 500,
      minBytes: 1,
      maxBytes: 52_428_800,
      topics: [
        {
          topic: 't',
          partitions: [{ partition: 2, fetchOffset: 7, partitionMaxBytes: 1_048_576 }],
        },
      ],
    })
  })

  test('JoinGroup v5', () => {
    const hex = [
      '0001 67 00002710 00004e20 0000 ffff', // group, session, rebalance, member, instance
      '0008 636f6e73756d6572 00000001 0005 72616e6765 00000002 0a0b',
    ].join('')
    expect(read(joinGroup.spec.request, 5, false, hex)).toEqual({
      groupId: 'g',
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 20_000,
      memberId: '',
      groupInstanceId: null,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: bytes('0a0b') }],
    })
  })

  test('OffsetFetch v8: several groups, null is all topics', () => {
    const hex = '03 02 67 00 00 02 68 02 02 74 02 00000003 00 00 01 00'
    expect(read(offsetFetch.spec.request, 8, true, hex)).toMatchObject({
      groups: [
        { groupId: 'g', topics: null },
        { groupId: 'h', topics: [{ name: 't', partitionIndexes: [3] }] },
      ],
      requireStable: true,
    })
  })
})

describe('responses', () => {
  test('ApiVersions v0 and v3', () => {
    const value = {
      errorCode: 0,
      apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 3 }],
      throttleTimeMs: 0,
    }
    const v0 = plain('0000 00000001 0012 0000 0003')
    const v3 = plain('0000 02 0012 0000 0003 00 00000000 00')
    expect(write(apiVersions.spec.response, 0, false, value)).toBe(v0)
    expect(write(apiVersions.spec.response, 3, true, value)).toBe(v3)
  })

  test('FindCoordinator v2 and v4', () => {
    const place = { nodeId: 1, host: 'h', port: 9_092, errorCode: 0, errorMessage: null }
    const value = { throttleTimeMs: 0, ...place, coordinators: [{ key: 'g', ...place }] }
    const v2 = plain('00000000 0000 ffff 00000001 0001 68 00002384')
    const v4 = plain('00000000 02 02 67 00000001 02 68 00002384 0000 00 00 00')
    expect(write(findCoordinator.spec.response, 2, false, value)).toBe(v2)
    expect(write(findCoordinator.spec.response, 4, true, value)).toBe(v4)
  })

  test('Produce v7', () => {
    const partition = { index: 5, errorCode: 0, baseOffset: 258, errorMessage: null }
    const more = { logAppendTimeMs: -1, logStartOffset: 0, recordErrors: [] }
    const topics = [{ name: 't', partitions: [{ ...partition, ...more }] }]
    const hex = [
      '00000001 0001 74 00000001',
      '00000005 0000 0000000000000102 ffffffffffffffff 0000000000000000',
      '00000000',
    ].join('')
    const value = { topics, throttleTimeMs: 0 }
    expect(write(produce.spec.response, 7, false, value)).toBe(plain(hex))
  })

  test('large bytes are passed on, not copied', () => {
    const records = new Uint8Array(100_000).fill(7)
    const writer = new ByteWriter()
    writer.int32(1)
    writer.raw(records)
    writer.int8(2)
    const pieces = writer.finish()
    expect(pieces.map(({ length }) => length)).toEqual([4, 100_000, 1])
    expect(pieces[1]).toBe(records)
  })
})

describe('what a frame may claim', () => {
  test.each([
    ['an array of two billion', 4, false, '7fffffff 0001 74 00'],
    ['a string longer than the frame', 4, false, '00000001 7fff 74 00'],
    ['a negative string', 4, false, '00000001 ffff 00'],
    ['a varint without end', 9, true, 'ffffffffffff'],
    ['a string that is no UTF-8', 4, false, '00000001 0001 ff 00'],
    ['nothing at all', 4, false, ''],
  ])('%s is malformed', (_what, version, flexible, hex) => {
    expect(() => read(metadata.spec.request, version, flexible, hex)).toThrow(
      expect.objectContaining({ code: 'BROKER_MALFORMED' }),
    )
  })

  test('items that take one byte each are bounded', () => {
    const hex = `81c33d${'0100'.repeat(1_000_000)}`
    expect(() => read(metadata.spec.request, 9, true, hex)).toThrow('100000 items')
  })
})

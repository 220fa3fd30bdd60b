/**
 * The suite of a log that can stand behind a broker: guarantees W1 to W4 of `log-wire.ts`.
 * A list of checks free of any test runner.
 */
import assert from 'node:assert/strict'
import type { ConformanceCheck } from '../core/index.ts'
import { crc32c } from '../kernels/index.ts'
import type { LogWire, StoredAt } from './log-wire.ts'
import type { Log } from './log.ts'
import {
  coded,
  inWorld,
  numbered,
  readAll,
  record,
  valuesOf,
  type MakeCheck,
  type MakeLogWorld,
} from './log-world.conformance.ts'

const MIB = 1024 * 1024

/** Two records, `a` and `b`, at 1,700,000,000,000 ms; written by hand from the protocol guide, "Record Batch". */
const BATCH = [
  '0000000000000000', // base offset: the broker's to set
  '00000041', // batch length: 77 bytes in all, less 12
  'ffffffff', // leader epoch: the broker's to set
  '02',
  '00000000', // checksum: set below
  '0000',
  '00000001', // last offset delta
  '0000018bcfe56800',
  '0000018bcfe56800',
  'ffffffffffffffff', // producer id, epoch, base sequence
  'ffff',
  'ffffffff',
  '00000002',
  '0e 00 00 00 01 02 61 00', // length 7, attributes, timestamp delta, offset delta, no key, "a", no headers
  '0e 00 00 02 01 02 62 00',
]

interface BatchChoice {
  readonly producerId?: number
  readonly epoch?: number
  readonly sequence?: number
}

function makeBatch({ producerId = -1, epoch = -1, sequence = -1 }: BatchChoice = {}): Uint8Array {
  const bytes = Uint8Array.from(Buffer.from(BATCH.join('').replaceAll(' ', ''), 'hex'))
  const view = new DataView(bytes.buffer)
  view.setBigInt64(43, BigInt(producerId))
  view.setInt16(51, epoch)
  view.setInt32(53, sequence)
  view.setUint32(17, crc32c(bytes, 21))
  return bytes
}

const wireOf = (log: Log): LogWire => {
  assert.ok(log.wire, 'the driver has stored batches')
  return log.wire
}

const append = (log: Log, bytes: Uint8Array, partition = 0): Promise<StoredAt> =>
  wireOf(log).appendBatch('t', partition, bytes, MIB)

export function logWireConformance(make: MakeLogWorld): ConformanceCheck[] {
  const check = inWorld(make)
  return [...byteChecks(check), ...onceChecks(check), ...groupChecks(check)]
}

const byteChecks = (check: MakeCheck): ConformanceCheck[] => [
  check('W1', 'a batch is read back byte for byte, among records of others', async (world, log) => {
    await log.createTopic({ name: 't' })
    await log.append('t', numbered(3))
    const sent = makeBatch()
    const { baseOffset, isDuplicate, records } = await append(log, Uint8Array.from(sent))
    assert.deepEqual([baseOffset, isDuplicate, records], [3, false, 2])
    await log.append('t', numbered(1, {}, 3))
    const after = await world.settle(log)
    assert.deepEqual(valuesOf(await readAll(after, 't')), ['v0', 'v1', 'v2', 'a', 'b', 'v3'])

    const { bytes, codecs } = await wireOf(after).batchReader('t', 0).read(4, MIB, true)
    assert.deepEqual([...codecs], [0])
    const expected = Buffer.from(sent)
    expected.writeBigInt64BE(3n, 0)
    expected.writeInt32BE(0, 12)
    assert.equal(Buffer.compare(expected, bytes.subarray(0, sent.length)), 0)
  }),
  check(
    'W1',
    'batches are stored in the order of the calls, with appends between',
    async (w, log) => {
      await log.createTopic({ name: 't' })
      const calls = Array.from({ length: 50 }, (_, index) =>
        index % 2 === 0
          ? append(log, makeBatch()).then(({ baseOffset }) => baseOffset)
          : log.append('t', [record(`r${index}`)]).then(([at]) => at!.offset),
      )
      const offsets = await Promise.all(calls)
      assert.deepEqual(
        offsets,
        offsets.toSorted((a, b) => a - b),
      )
      assert.equal((await readAll(await w.settle(log), 't')).length, 75)
    },
  ),
  check(
    'W1',
    'a read stays under its bound in whole batches, or takes one more',
    async (_w, log) => {
      await log.createTopic({ name: 't' })
      for (let index = 0; index < 10; index++) await append(log, makeBatch())
      const size = makeBatch().length
      const reader = wireOf(log).batchReader('t', 0)
      const sizes = async (maxBytes: number, evenLarger: boolean): Promise<number> =>
        (await reader.read(0, maxBytes, evenLarger)).bytes.length / size
      assert.equal(await sizes(3 * size + 5, false), 3)
      assert.equal(await sizes(size - 1, false), 0)
      assert.equal(await sizes(size - 1, true), 1)
      assert.equal((await reader.read(20, MIB, true)).bytes.length, 0)
      await assert.rejects(reader.read(21, MIB, true), coded('LOG_OFFSET_OUT_OF_RANGE'))
    },
  ),
  check('W2', 'a batch that cannot be read is refused and changes nothing', async (_world, log) => {
    await log.createTopic({ name: 't' })
    const torn = makeBatch()
    torn[70]! ^= 1
    await assert.rejects(append(log, torn), coded('LOG_INVALID_BATCH'))
    await assert.rejects(append(log, makeBatch(), 1), coded('LOG_UNKNOWN_PARTITION'))
    assert.equal((await append(log, makeBatch())).baseOffset, 0)
  }),
  check(
    'W2',
    'the end moves once a batch is durable, and tells those who wait',
    async (_w, log) => {
      await log.createTopic({ name: 't' })
      const wire = wireOf(log)
      const ends: number[] = []
      const stop = wire.onEnd('t', 0, () => ends.push(wire.range('t', 0).end))
      await append(log, makeBatch())
      stop()
      await append(log, makeBatch())
      assert.deepEqual(ends, [2])
    },
  ),
]

const onceChecks = (check: MakeCheck): ConformanceCheck[] => [
  check('W3', 'a batch that is sent again is stored once, also after a restart', async (w, log) => {
    await log.createTopic({ name: 't' })
    const send = (to: Log, sequence: number, epoch = 0): Promise<StoredAt> =>
      append(to, makeBatch({ producerId: 7, epoch, sequence }))
    for (let index = 0; index < 8; index++) await send(log, 2 * index)
    const again = await send(log, 14)
    assert.deepEqual([again.baseOffset, again.isDuplicate], [14, true])

    const after = await w.settle(log)
    for (const sequence of [6, 8, 14]) {
      const { baseOffset, isDuplicate } = await send(after, sequence)
      assert.deepEqual([baseOffset, isDuplicate], [sequence, true])
    }
    assert.equal((await send(after, 16)).baseOffset, 16)
    assert.equal((await readAll(after, 't')).length, 18)
  }),
  check('W3', 'a retry while its first try is under way is stored once', async (_world, log) => {
    await log.createTopic({ name: 't' })
    const tries = [0, 0, 2, 2, 4].map((sequence) =>
      append(log, makeBatch({ producerId: 7, epoch: 0, sequence })),
    )
    const offsets = (await Promise.all(tries)).map(({ baseOffset }) => baseOffset)
    assert.deepEqual(offsets, [0, 0, 2, 2, 4])
  }),
  check('W3', 'a skipped sequence and an old epoch are refused', async (_world, log) => {
    await log.createTopic({ name: 't' })
    const send = (sequence: number, epoch = 0, producerId = 7): Promise<StoredAt> =>
      append(log, makeBatch({ producerId, epoch, sequence }))
    await send(0)
    await assert.rejects(send(4), coded('LOG_OUT_OF_SEQUENCE'))
    await send(2)
    await assert.rejects(send(2, 1), coded('LOG_OUT_OF_SEQUENCE'))
    await send(0, 1)
    await assert.rejects(send(4, 0), coded('LOG_PRODUCER_FENCED'))
    await send(100, 0, 8)
    await send(2 ** 31 - 2, 0, 9)
    await send(0, 0, 9)
    assert.equal(wireOf(log).range('t', 0).end, 12)
  }),
]

const place = (offset: number, metadata = '') => ({ topic: 't', partition: 0, offset, metadata })

const groupChecks = (check: MakeCheck): ConformanceCheck[] => [
  check('W4', 'offsets are shared between both kinds of members', async (world, log) => {
    await log.createTopic({ name: 't' })
    await log.append('t', numbered(10))
    await wireOf(log).commitGroupOffsets('g', [place(4, 'note')])
    const after = await world.settle(log)
    assert.deepEqual(wireOf(after).groupOffsets('g'), [place(4, 'note')])
    const consumer = await after.consumer({ group: 'g', topics: ['t'], from: 'earliest' })
    const [first] = await consumer.poll({ maxRecords: 1 })
    assert.equal(first?.offset, 4)
    await consumer.commitOffsets([{ topic: 't', partition: 0, offset: 5 }])
    assert.deepEqual(wireOf(after).groupOffsets('g'), [place(5)])
  }),
  check('W4', 'a group has members of one kind at a time', async (_world, log) => {
    await log.createTopic({ name: 't' })
    const wire = wireOf(log)
    const join = () => log.consumer({ group: 'g', topics: ['t'], from: 'earliest' })
    const consumer = await join()
    assert.throws(() => wire.claimGroup('g', () => []), coded('LOG_GROUP_ACTIVE'))
    await assert.rejects(wire.commitGroupOffsets('g', [place(0)]), coded('LOG_GROUP_ACTIVE'))
    await consumer.close()

    const member = { memberId: 'm', assignment: [{ topic: 't', partition: 0 }] }
    const claim = wire.claimGroup('g', () => [member])
    await assert.rejects(join(), coded('LOG_GROUP_ACTIVE'))
    await assert.rejects(log.deleteGroup('g'), coded('LOG_GROUP_ACTIVE'))
    assert.deepEqual((await log.groups())[0]?.members, [member])
    claim.release()
    await (await join()).close()
  }),
]

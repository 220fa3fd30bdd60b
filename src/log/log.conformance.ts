/**
 * What every log driver must do, as checks without a test runner. Numbers are those of `log.ts`.
 *
 * @example
 * for (const check of logConformance(makeWorld)) it(`${check.guarantee}: ${check.name}`, () => check.run())
 */
import type { ConformanceCheck } from '../core/index.ts'
import assert from 'node:assert/strict'
import { partitionOfKey } from './partitioner.ts'
import { cleaningChecks } from './log-cleaning.conformance.ts'
import { groupChecks } from './log-groups.conformance.ts'
import {
  bytes,
  coded,
  inWorld,
  numbered,
  readAll,
  record,
  text,
  valuesOf,
  type MakeCheck,
  type MakeLogWorld,
} from './log-world.conformance.ts'

/** `skips` names the checks that a driver cannot be held to, each with its reason. */
export function logConformance(
  make: MakeLogWorld,
  skips: Readonly<Record<string, string>> = {},
): ConformanceCheck[] {
  const check = inWorld(make)
  const checks = [
    ...storeChecks(check),
    ...readChecks(check),
    ...topicChecks(check),
    ...groupChecks(check),
    ...cleaningChecks(check),
    ...faultChecks(check),
    ...closeChecks(check),
  ]
  for (const name of Object.keys(skips)) {
    if (!checks.some((one) => one.name === name)) throw new TypeError(`no check is named "${name}"`)
  }
  return checks.map((one) => {
    const skip = skips[one.name]
    return skip === undefined ? one : { ...one, skip }
  })
}

const storeChecks = (check: MakeCheck): ConformanceCheck[] => [
  check(
    'L1',
    'acknowledged records are there after a close and after a crash',
    async (w, first) => {
      await first.createTopic({ name: 't', partitions: 2 })
      await first.append('t', numbered(5, { partition: 1 }))
      await first.close()
      const second = await w.open()
      await second.append('t', [record('v5', { partition: 1 })])
      const third = await w.settle(second)
      assert.deepEqual(valuesOf(await readAll(third, 't', 1)), ['v0', 'v1', 'v2', 'v3', 'v4', 'v5'])
      assert.deepEqual(await readAll(third, 't', 0), [])
    },
  ),
  check('L2', 'concurrent appends get dense offsets in the order of the calls', async (w, log) => {
    await log.createTopic({ name: 't' })
    const calls = Array.from({ length: 300 }, (_, call) =>
      log.append('t', numbered(1 + (call % 3), {}, call * 10)),
    )
    const placed = (await Promise.all(calls)).flat()
    assert.deepEqual(
      placed.map(({ offset }) => offset),
      placed.map((_, index) => index),
    )
    const stored = await readAll(await w.settle(log), 't')
    const expected = calls.flatMap((_, call) => valuesFrom(call * 10, 1 + (call % 3)))
    assert.deepEqual(valuesOf(stored), expected)
    assert.deepEqual(
      stored.map(({ offset }) => offset),
      expected.map((_, index) => index),
    )
  }),
  check('L2', 'the records of one append to one partition are adjacent', async (w, log) => {
    await log.createTopic({ name: 't', partitions: 3 })
    const appends = Array.from({ length: 20 }, (_, call) =>
      log.append(
        't',
        Array.from({ length: 9 }, (_, at) => record(`${call}`, { partition: at % 3 })),
      ),
    )
    const places = await Promise.all(appends)
    const settled = await w.settle(log)
    for (let partition = 0; partition < 3; partition++) {
      const values = valuesOf(await readAll(settled, 't', partition))
      for (const [call, placed] of places.entries()) {
        const offsets = placed.filter((place) => place.partition === partition)
        const first = offsets[0]!.offset
        assert.deepEqual(
          offsets.map(({ offset }) => offset - first),
          [0, 1, 2],
        )
        assert.deepEqual(values.slice(first, first + 3), [`${call}`, `${call}`, `${call}`])
      }
    }
  }),
  check('L3', 'a consumer that waits gets a record when its append is durable', async (_w, log) => {
    await log.createTopic({ name: 't' })
    const consumer = await log.consumer({ group: 'g', topics: ['t'], from: 'earliest' })
    const waiting = consumer.poll({ timeoutMs: 60_000 })
    const [place] = await log.append('t', [record('a')])
    const got = await waiting
    assert.deepEqual(valuesOf(got), ['a'])
    assert.equal(got[0]!.offset, place!.offset)
    assert.equal((await log.topic('t')).partitions[0]!.end, 1)
  }),
  check('L4', 'key, value, headers and timestamp come back byte for byte', async (w, log) => {
    await log.createTopic({ name: 't' })
    const every = Uint8Array.from({ length: 256 }, (_, byte) => byte)
    const records = [
      record(null, { key: null, timestamp: 0 }),
      record('', { key: new Uint8Array(0), timestamp: -1 }),
      { key: every, value: every, headers: [], timestamp: 253_402_300_799_999 },
      record('h', {
        timestamp: 1_700_000_000_001,
        headers: [
          { key: 'same', value: bytes('1') },
          { key: 'same', value: null },
          { key: '', value: new Uint8Array(0) },
          { key: '\ufeffnaïve ☃', value: every },
          { key: 'same', value: bytes('1') },
        ],
      }),
      { ...record(null), value: new Uint8Array(300_000).fill(7) },
    ]
    await log.append('t', records)
    const stored = await readAll(await w.settle(log), 't')
    for (const [index, { key, value, headers, timestamp }] of records.entries()) {
      const back = stored[index]!
      assert.deepEqual([back.key, back.value], [key, value])
      assert.deepEqual([back.headers, back.timestamp], [headers, timestamp])
      assert.deepEqual([back.topic, back.partition, back.offset], ['t', 0, index])
    }
  }),
  check('L4', 'the caller may use its buffers again after the call', async (_w, log) => {
    await log.createTopic({ name: 't' })
    const value = bytes('before')
    const appended = log.append('t', [{ ...record(null), value }])
    value.fill(0)
    await appended
    assert.deepEqual(valuesOf(await readAll(log, 't')), ['before'])
  }),
  check('L9', 'equal keys go to the partition that the Java client chooses', async (_w, log) => {
    await log.createTopic({ name: 't', partitions: 5 })
    const keys = ['21', 'foobar', 'a-little-bit-long-string', 'abc']
    const places = await log.append(
      't',
      keys.map((key) => record('v', { key: bytes(key) })),
    )
    // Positive murmur2 of UtilsTest's keys, modulo 5.
    assert.deepEqual(
      places.map(({ partition }) => partition),
      [-973932308, -790332482, -985981536, 479470107].map((hash) => (hash & 0x7fffffff) % 5),
    )
    assert.equal(places[0]!.partition, partitionOfKey(bytes('21'), 5))
  }),
  check('L9', 'records without a key use every partition in the long run', async (_w, log) => {
    await log.createTopic({ name: 't', partitions: 3 })
    const value = new Uint8Array(1_000)
    const records = Array.from({ length: 100 }, () => ({ ...record(null), value }))
    const places = await log.append('t', records)
    assert.equal(new Set(places.map(({ partition }) => partition)).size, 3)
  }),
]

const readChecks = (check: MakeCheck): ConformanceCheck[] => [
  check('L2', 'a read takes exactly the offsets asked for', async (w, log) => {
    await log.createTopic({ name: 't' })
    await log.append('t', numbered(100))
    const settled = await w.settle(log)
    const values: (string | null)[] = []
    for await (const { records } of settled.read('t', 0, 10, { to: 90, maxBytes: 200 })) {
      assert.ok(records.length > 0 && records.length < 20)
      values.push(...valuesOf(records))
    }
    assert.deepEqual(values, valuesFrom(10, 80))
  }),
  check('L2', 'an offset outside the partition is refused', async (_w, log) => {
    await log.createTopic({ name: 't' })
    await log.append('t', numbered(3))
    assert.deepEqual(await readAll(log, 't', 0, 3), [])
    for (const from of [-1, 4, 0.5, Number.NaN]) {
      await assert.rejects(readAll(log, 't', 0, from), coded('LOG_OFFSET_OUT_OF_RANGE'))
    }
  }),
  check(
    'L3',
    'a following read sees every later record and ends with its signal',
    async (_w, log) => {
      await log.createTopic({ name: 't' })
      await log.append('t', numbered(2))
      const stop = new AbortController()
      const seen: (string | null)[] = []
      const following = (async () => {
        for await (const { records } of log.read('t', 0, 0, {
          follow: true,
          signal: stop.signal,
        })) {
          seen.push(...valuesOf(records))
          if (seen.length === 50) stop.abort()
        }
      })()
      for (let value = 2; value < 50; value++) await log.append('t', numbered(1, {}, value))
      await following
      assert.deepEqual(seen, valuesFrom(0, 50))
    },
  ),
  check('L2', 'the offset of a time is that of the first record not older', async (w, log) => {
    await log.createTopic({ name: 't', config: { segmentBytes: 400 } })
    const times = [10, 30, 20, 40, 40, 5, 60, 50]
    for (const timestamp of times) await log.append('t', [record('x'.repeat(60), { timestamp })])
    const settled = await w.settle(log)
    for (const [time, offset] of [
      [-5, 0],
      [10, 0],
      [11, 1],
      [31, 3],
      [41, 6],
      [60, 6],
      [61, 8],
    ] as const) {
      assert.equal(await settled.offsetForTime('t', 0, time), offset, `time ${time}`)
    }
  }),
]

const topicChecks = (check: MakeCheck): ConformanceCheck[] => [
  check('L13', 'added partitions are written, read and owned', async (world, log) => {
    await log.createTopic({ name: 't' })
    await log.append('t', numbered(2))
    const consumer = await log.consumer({ group: 'g', topics: ['t'], from: 'earliest' })
    assert.equal((await log.addPartitions('t', 3)).partitions.length, 3)
    const second = await log.consumer({ group: 'g', topics: ['t'], from: 'earliest' })
    // A member takes over what a rebalance gave it while it polls, some requests after the other one has joined.
    for (let turn = 0; consumer.assignment().length < 2 && turn < 50; turn++)
      await consumer.poll({ timeoutMs: 100 })
    assert.deepEqual([consumer.assignment().length, second.assignment().length], [2, 1])
    await log.append('t', [record('in 2', { partition: 2 })])
    assert.deepEqual(valuesOf(await second.poll({ timeoutMs: 5_000 })), ['in 2'])
    const after = await world.settle(log)
    assert.deepEqual(valuesOf(await readAll(after, 't', 2)), ['in 2'])
    assert.deepEqual(valuesOf(await readAll(after, 't', 0)), ['v0', 'v1'])
    for (const wrong of [3, 2, 1_001, 3.5]) {
      await assert.rejects(after.addPartitions('t', wrong), coded('CORE_INVALID_INPUT'))
    }
    await assert.rejects(after.addPartitions('nothing', 3), coded('LOG_UNKNOWN_TOPIC'))
  }),
  check('L1', 'a topic keeps its partitions and config', async (w, log) => {
    const spec = { name: 'Topic_with.Any-case', partitions: 3, config: { retentionMs: 5_000 } }
    const made = await log.createTopic(spec)
    assert.deepEqual(await log.createTopic(spec), made)
    await log.createTopic({ name: 'topic_with.any-case' })
    const settled = await w.settle(log)
    assert.deepEqual(await settled.topic(spec.name), made)
    assert.equal((await settled.topics()).length, 2)
    const other = settled.createTopic({ ...spec, partitions: 4 })
    await assert.rejects(other, coded('LOG_TOPIC_EXISTS'))
    await assert.rejects(settled.createTopic({ name: 'a/b' }), coded('CORE_INVALID_NAME'))
    const none = settled.createTopic({ name: 'none', partitions: 0 })
    await assert.rejects(none, coded('CORE_INVALID_INPUT'))
  }),
  check('L1', 'a deleted topic is gone, and one of its name begins anew', async (w, log) => {
    await log.createTopic({ name: 't' })
    await log.append('t', numbered(3))
    await log.deleteTopic('t')
    await assert.rejects(log.append('t', numbered(1)), coded('LOG_UNKNOWN_TOPIC'))
    const settled = await w.settle(log)
    await assert.rejects(settled.topic('t'), coded('LOG_UNKNOWN_TOPIC'))
    await settled.createTopic({ name: 't' })
    assert.deepEqual(await settled.append('t', numbered(1)), [{ partition: 0, offset: 0 }])
  }),
  check('L2', 'what cannot be stored is refused whole', async (_w, log) => {
    await log.createTopic({ name: 't' })
    const refused = async (more: object, code: string): Promise<void> => {
      const bad = { ...record('x'), ...more }
      await assert.rejects(log.append('t', [record('good'), bad]), coded(code))
    }
    await refused({ partition: 1 }, 'LOG_UNKNOWN_PARTITION')
    await refused({ partition: -1 }, 'LOG_UNKNOWN_PARTITION')
    await refused({ value: new Uint8Array(1024 * 1024 + 1) }, 'LOG_RECORD_TOO_LARGE')
    await refused({ key: new Uint8Array(1024 * 1024) }, 'LOG_RECORD_TOO_LARGE')
    await refused({ timestamp: 0.5 }, 'CORE_INVALID_INPUT')
    await refused({ timestamp: Number.NaN }, 'CORE_INVALID_INPUT')
    assert.deepEqual(await log.append('t', []), [])
    const largest = { ...record(null), value: new Uint8Array(1024 * 1024) }
    assert.deepEqual(await log.append('t', [largest]), [{ partition: 0, offset: 0 }])
    assert.equal((await readAll(log, 't'))[0]!.value!.length, 1024 * 1024)
  }),
]

const faultChecks = (check: MakeCheck): ConformanceCheck[] => [
  check(
    'L7',
    'after crash upon crash nothing acknowledged is lost or doubled',
    async (w, first) => {
      if (w.crash === undefined) return
      await first.createTopic({ name: 't', config: { segmentBytes: 300 } })
      let log = first
      for (let round = 0; round < 8; round++) {
        await log.append('t', numbered(7, {}, round * 7))
        // In flight at the crash: may be there or not, but never in part of its bytes.
        void log.append('t', []).catch(() => {})
        log = await w.crash(log)
        assert.deepEqual(valuesOf(await readAll(log, 't')), valuesFrom(0, (round + 1) * 7))
      }
    },
  ),
  check('L8', 'a changed byte is found and named, and the others go on', async (w, log) => {
    if (w.damage === undefined) return
    await log.createTopic({ name: 't', partitions: 2 })
    for (let value = 0; value < 6; value++)
      await log.append('t', numbered(1, { partition: 0 }, value))
    await log.append('t', numbered(2, { partition: 1 }))
    const damaged = await w.damage(log, 't', 0, 2)
    const seen: (string | null)[] = []
    const reading = (async () => {
      for await (const { records } of damaged.read('t', 0, 0)) seen.push(...valuesOf(records))
    })()
    await assert.rejects(reading, (error: Error & { code?: string; details?: object }) => {
      assert.equal(error.code, 'LOG_CORRUPT')
      const { file, position, offset, nextOffset } = error.details as Record<string, unknown>
      assert.equal(typeof file, 'string')
      assert.equal(typeof position, 'number')
      assert.deepEqual([offset, nextOffset], [2, 3])
      return true
    })
    assert.deepEqual(seen, ['v0', 'v1'])
    assert.deepEqual(valuesOf(await readAll(damaged, 't', 0, 3)), ['v3', 'v4', 'v5'])
    assert.deepEqual(valuesOf(await readAll(damaged, 't', 1)), ['v0', 'v1'])
    const [place] = await damaged.append('t', [record('after', { partition: 0 })])
    assert.equal(place!.offset, 6)
    const consumer = await damaged.consumer({ group: 'g', topics: ['t'], from: 'earliest' })
    const polled: string[] = []
    let errors = 0
    while (polled.length < 8) {
      try {
        for (const { partition, value } of await consumer.poll({ timeoutMs: 0 })) {
          polled.push(`${partition}:${text(value)}`)
        }
      } catch (error) {
        assert.ok(coded('LOG_CORRUPT')(error))
        if (++errors === 2) consumer.seek({ topic: 't', partition: 0, offset: 3 })
      }
    }
    assert.equal(polled.toSorted().join(' '), '0:after 0:v0 0:v1 0:v3 0:v4 0:v5 1:v0 1:v1')
  }),
]

const closeChecks = (check: MakeCheck): ConformanceCheck[] => [
  check('L12', 'close is idempotent and everything after it fails', async (_w, log) => {
    await log.createTopic({ name: 't' })
    const consumer = await log.consumer({ group: 'g', topics: ['t'], from: 'earliest' })
    const waiting = assert.rejects(consumer.poll({ timeoutMs: 60_000 }), coded('LOG_CLOSED'))
    const follow = log.read('t', 0, 0, { follow: true })[Symbol.asyncIterator]()
    const following = assert.rejects(follow.next(), coded('LOG_CLOSED'))
    const underWay = log.append('t', numbered(1))
    await Promise.all([log.close(), log.close()])
    await log.close()
    assert.deepEqual(await underWay, [{ partition: 0, offset: 0 }])
    await Promise.all([waiting, following])
    const closed = coded('LOG_CLOSED')
    await assert.rejects(log.append('t', numbered(1)), closed)
    await assert.rejects(log.topics(), closed)
    await assert.rejects(log.createTopic({ name: 'u' }), closed)
    await assert.rejects(readAll(log, 't', 0, 0), closed)
    await assert.rejects(log.offsetForTime('t', 0, 0), closed)
    await assert.rejects(log.groups(), closed)
    await assert.rejects(log.clean(), closed)
    await assert.rejects(consumer.poll(), closed)
    await assert.rejects(consumer.commitOffsets([{ topic: 't', partition: 0, offset: 0 }]), closed)
    assert.throws(() => log.hold('h', { topic: 't', partition: 0, offset: 0 }), closed)
    await consumer.close()
  }),
]

const valuesFrom = (first: number, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `v${first + index}`)

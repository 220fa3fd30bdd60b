/** The part of the log's suite that is about retention and compaction: L10 and L11. */
import assert from 'node:assert/strict'
import type { LogRecord, ConformanceCheck } from '../core/index.ts'
import type { Log } from './log.ts'
import { bytes, coded, readAll, record, text, type MakeCheck } from './log-world.conformance.ts'

/** About three records of 100 bytes. */
const SMALL_SEGMENT = 500
const VALUE = 'x'.repeat(80)

const append = async (log: Log, count: number, timestamp: number): Promise<void> => {
  for (let index = 0; index < count; index++) await log.append('t', [record(VALUE, { timestamp })])
}

const bounds = async (log: Log): Promise<{ earliest: number; end: number }> => {
  const { earliest, end } = (await log.topic('t')).partitions[0]!
  return { earliest, end }
}

const keyed = (key: string, value: string | null, timestamp: number) =>
  record(value, { key: bytes(key), timestamp })

/** `key=value@offset` of every record that is there. */
const contents = async (log: Log): Promise<string[]> =>
  (await readAll(log, 't')).map(
    ({ key, value, offset }) => `${text(key)}=${text(value)?.trim() ?? 'none'}@${offset}`,
  )

const COMPACT = { cleanup: 'compact', segmentBytes: 200, tombstoneMs: 1_000 } as const

export const cleaningChecks = (check: MakeCheck): ConformanceCheck[] => [
  check('L10', 'old records go by whole segments, from the start', async (w, log) => {
    const config = { segmentBytes: SMALL_SEGMENT, retentionMs: 1_000 }
    await log.createTopic({ name: 't', config })
    const began = w.now()
    await append(log, 7, began)
    await log.clean()
    assert.equal((await bounds(log)).earliest, 0)
    w.advance(2_000)
    await append(log, 7, w.now())
    await log.clean()
    const settled = await w.settle(log)
    const { earliest, end } = await bounds(settled)
    assert.ok(earliest > 3 && earliest <= 7, `earliest ${earliest}`)
    assert.equal(end, 14)
    const left = await readAll(settled, 't')
    assert.deepEqual(
      left.map(({ offset }) => offset),
      range(earliest, end),
    )
    await assert.rejects(readAll(settled, 't', 0, 0), coded('LOG_OFFSET_OUT_OF_RANGE'))
  }),
  check(
    'L10',
    'a partition in which all is old becomes empty and keeps its end',
    async (w, log) => {
      await log.createTopic({ name: 't', config: { retentionMs: 1_000 } })
      await append(log, 3, w.now())
      w.advance(2_000)
      await log.clean()
      const settled = await w.settle(log)
      assert.deepEqual(await bounds(settled), { earliest: 3, end: 3 })
      assert.deepEqual(await settled.append('t', [record('next')]), [{ partition: 0, offset: 3 }])
    },
  ),
  check('L10', 'a partition over its size loses its oldest segments', async (w, log) => {
    const config = { segmentBytes: SMALL_SEGMENT, retentionBytes: 3 * SMALL_SEGMENT }
    await log.createTopic({ name: 't', config })
    await append(log, 60, w.now())
    await log.clean()
    const [partition] = (await (await w.settle(log)).topic('t')).partitions
    assert.ok(partition!.earliest > 0 && partition!.end === 60)
    assert.ok(partition!.bytes <= 3 * SMALL_SEGMENT && partition!.bytes > SMALL_SEGMENT)
  }),
  check('L10', 'what a holder still needs stays', async (w, log) => {
    const config = { segmentBytes: SMALL_SEGMENT, retentionMs: 0 }
    await log.createTopic({ name: 't', config })
    await append(log, 20, w.now())
    w.advance(10)
    log.hold('sink', { topic: 't', partition: 0, offset: 11 })
    log.hold('backup', { topic: 't', partition: 0, offset: 15 })
    await log.clean()
    const { earliest } = await bounds(log)
    assert.ok(earliest > 3 && earliest <= 11, `earliest ${earliest}`)
    log.hold('sink', { topic: 't', partition: 0, offset: 20 })
    log.hold('backup', { topic: 't', partition: 0, offset: 20 })
    await log.clean()
    assert.deepEqual(await bounds(log), { earliest: 20, end: 20 })
  }),
  check(
    'L10',
    'a consumer that retention has passed goes on at the earliest record',
    async (w, log) => {
      const config = { segmentBytes: SMALL_SEGMENT, retentionMs: 1_000 }
      await log.createTopic({ name: 't', config })
      await append(log, 10, w.now())
      const consumer = await log.consumer({ group: 'g', topics: ['t'], from: 'earliest' })
      w.advance(2_000)
      await log.clean()
      await log.append('t', [record('new', { timestamp: w.now() })])
      const [first] = await consumer.poll({ timeoutMs: 0 })
      assert.deepEqual([first!.offset, text(first!.value)], [10, 'new'])
    },
  ),
  check('L11', 'compaction keeps the last record of each key at its offset', async (w, log) => {
    await log.createTopic({ name: 't', config: COMPACT })
    const last = new Map<string, string>()
    for (let index = 0; index < 60; index++) {
      const key = `k${(index * 7) % 5}`
      await log.append('t', [keyed(key, `v${index}`, index)])
      last.set(key, `${key}=v${index}@${index}`)
    }
    const size = (await log.topic('t')).partitions[0]!
    await log.clean()
    const settled = await w.settle(log)
    const left = await contents(settled)
    for (const entry of last.values()) assert.ok(left.includes(entry), `${entry} is missing`)
    // The open segment is never compacted; everything before it is.
    assert.ok(left.length < 12, `${left.length} records are left`)
    const after = (await settled.topic('t')).partitions[0]!
    assert.ok(after.bytes < size.bytes / 2 && after.segments < size.segments / 2)
    assert.deepEqual([after.earliest, after.end], [0, 60])
    assert.deepEqual(await settled.append('t', [keyed('k0', 'end', 0)]), [
      { partition: 0, offset: 60 },
    ])
  }),
  check('L11', 'reading from any offset of a compacted partition works', async (w, log) => {
    await log.createTopic({ name: 't', config: COMPACT })
    for (let index = 0; index < 40; index++) {
      await log.append('t', [keyed(`k${index % 4}`, `v${index}`, index)])
    }
    await log.clean()
    await log.clean()
    const settled = await w.settle(log)
    const all = await readAll(settled, 't')
    for (let from = 0; from <= 40; from++) {
      const expected = all.filter(({ offset }) => offset >= from).map(({ offset }) => offset)
      const got = await readAll(settled, 't', 0, from)
      assert.deepEqual(
        got.map(({ offset }) => offset),
        expected,
        `from ${from}`,
      )
    }
    const consumer = await settled.consumer({ group: 'g', topics: ['t'], from: 'earliest' })
    const polled: LogRecord[] = []
    while (polled.length < all.length) polled.push(...(await consumer.poll({ timeoutMs: 0 })))
    assert.deepEqual(
      polled.map(({ offset }) => offset),
      all.map(({ offset }) => offset),
    )
    assert.equal(consumer.position({ topic: 't', partition: 0 }), 40)
  }),
  check('L11', 'a tombstone deletes its key and goes after its time', async (w, log) => {
    await log.createTopic({ name: 't', config: COMPACT })
    await log.append('t', [keyed('gone', 'v', w.now())])
    await log.append('t', [keyed('gone', null, w.now())])
    for (let index = 0; index < 10; index++) await log.append('t', [keyed('k', VALUE, w.now())])
    await log.clean()
    assert.ok((await contents(log)).includes('gone=none@1'))
    assert.ok(!(await contents(log)).includes('gone=v@0'))
    w.advance(500)
    await log.clean()
    assert.ok((await contents(log)).includes('gone=none@1'), 'went too early')
    w.advance(600)
    await log.clean()
    const left = await contents(await w.settle(log))
    assert.ok(!left.some((entry) => entry.startsWith('gone')), left.join())
  }),
  check('L11', 'a compacted topic refuses a record without a key', async (_w, log) => {
    await log.createTopic({ name: 't', config: COMPACT })
    await assert.rejects(log.append('t', [record('v')]), coded('CORE_INVALID_INPUT'))
  }),
]

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, index) => from + index)

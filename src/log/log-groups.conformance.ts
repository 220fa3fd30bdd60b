/** The part of the log's suite that is about consumer groups: L5 and L6. */
import type { ConformanceCheck } from '../core/index.ts'
import assert from 'node:assert/strict'
import type { Consumer, ConsumerOptions, Log } from './log.ts'
import { coded, numbered, record, valuesOf, type MakeCheck } from './log-world.conformance.ts'

const GROUP: ConsumerOptions = { group: 'g', topics: ['t'], from: 'earliest' }

const partitionsOf = (consumer: Consumer): number[] =>
  consumer
    .assignment()
    .map(({ partition }) => partition)
    .toSorted((a, b) => a - b)

/** Polls until nothing more comes. */
async function drain(consumer: Consumer): Promise<(string | null)[]> {
  const values: (string | null)[] = []
  for (;;) {
    const records = await consumer.poll({ timeoutMs: 0, maxRecords: 3 })
    if (records.length === 0) return values
    values.push(...valuesOf(records))
  }
}

/** Commits all that was polled. */
const commitAll = (consumer: Consumer): Promise<void> =>
  consumer.commitOffsets(
    consumer.assignment().map((place) => ({ ...place, offset: consumer.position(place) })),
  )

const make = async (log: Log, partitions: number): Promise<void> => {
  await log.createTopic({ name: 't', partitions })
}

export const groupChecks = (check: MakeCheck): ConformanceCheck[] => [
  check(
    'L5',
    'each partition has one owner, in adjacent runs, as members come and go',
    async (_w, log) => {
      await make(log, 5)
      const a = await log.consumer(GROUP)
      assert.deepEqual(partitionsOf(a), [0, 1, 2, 3, 4])
      const b = await log.consumer(GROUP)
      assert.deepEqual(
        [partitionsOf(a), partitionsOf(b)],
        [
          [0, 1, 2],
          [3, 4],
        ],
      )
      const other = await log.consumer({ ...GROUP, group: 'other' })
      assert.deepEqual(partitionsOf(other), [0, 1, 2, 3, 4])
      await a.close()
      const c = await log.consumer(GROUP)
      assert.deepEqual(
        [partitionsOf(b), partitionsOf(c)],
        [
          [0, 1, 2],
          [3, 4],
        ],
      )
    },
  ),
  check('L5', 'a group resumes at its committed offsets', async (w, log) => {
    await make(log, 2)
    for (const partition of [0, 1]) await log.append('t', numbered(4, { partition }))
    const consumer = await log.consumer(GROUP)
    assert.equal((await drain(consumer)).length, 8)
    await consumer.commitOffsets([
      { topic: 't', partition: 0, offset: 2 },
      { topic: 't', partition: 1, offset: 4 },
    ])
    await consumer.close()
    const settled = await w.settle(log)
    const again = await settled.consumer(GROUP)
    assert.equal(again.position({ topic: 't', partition: 0 }), 2)
    assert.deepEqual(await drain(again), ['v2', 'v3'])
    const [group] = await settled.groups()
    assert.deepEqual(group!.offsets, [
      { topic: 't', partition: 0, committed: 2, end: 4, lag: 2 },
      { topic: 't', partition: 1, committed: 4, end: 4, lag: 0 },
    ])
  }),
  check('L5', 'without a committed offset a group begins where it says', async (_w, log) => {
    await make(log, 1)
    await log.append('t', numbered(3))
    const early = await log.consumer({ ...GROUP, group: 'early' })
    const late = await log.consumer({ ...GROUP, group: 'late', from: 'latest' })
    await log.append('t', numbered(1, {}, 3))
    assert.deepEqual(await drain(early), ['v0', 'v1', 'v2', 'v3'])
    assert.deepEqual(await drain(late), ['v3'])
  }),
  check('L5', 'nothing is committed behind the back of the caller', async (w, log) => {
    await make(log, 1)
    await log.append('t', numbered(3))
    const consumer = await log.consumer(GROUP)
    await drain(consumer)
    await consumer.close()
    const settled = await w.settle(log)
    assert.deepEqual(await drain(await settled.consumer(GROUP)), ['v0', 'v1', 'v2'])
  }),
  check('L5', 'seek moves the next poll, and positions follow what was polled', async (_w, log) => {
    await make(log, 1)
    await log.append('t', numbered(10))
    const consumer = await log.consumer(GROUP)
    const place = { topic: 't', partition: 0 }
    assert.deepEqual(valuesOf(await consumer.poll({ maxRecords: 2 })), ['v0', 'v1'])
    assert.equal(consumer.position(place), 2)
    consumer.seek({ ...place, offset: 8 })
    assert.deepEqual(await drain(consumer), ['v8', 'v9'])
    assert.equal(consumer.position(place), 10)
    assert.throws(() => consumer.position({ topic: 't', partition: 7 }), coded('LOG_FENCED'))
  }),
  check(
    'L5',
    'a member finishes and commits before its partitions go to another',
    async (_w, log) => {
      await make(log, 2)
      for (const partition of [0, 1]) await log.append('t', numbered(3, { partition }))
      const events: string[] = []
      const a: Consumer = await log.consumer({
        ...GROUP,
        onRevoked: async (places) => {
          events.push(`a loses ${places.map(({ partition }) => partition).join()}`)
          await a.commitOffsets(places.map((place) => ({ ...place, offset: a.position(place) })))
          events.push('a committed')
        },
      })
      await drain(a)
      const b = await log.consumer({
        ...GROUP,
        onAssigned: async (places) => {
          events.push(`b gets ${places.map(({ partition }) => partition).join()}`)
        },
      })
      assert.deepEqual(events, ['a loses 1', 'a committed', 'b gets 1'])
      assert.deepEqual(await drain(b), [])
    },
  ),
  check('L6', 'a commit of a member that lost the partition changes nothing', async (_w, log) => {
    await make(log, 2)
    await log.append('t', numbered(5, { partition: 1 }))
    const a = await log.consumer(GROUP)
    await drain(a)
    const b = await log.consumer(GROUP)
    await b.commitOffsets([{ topic: 't', partition: 1, offset: 2 }])
    const stale = a.commitOffsets([
      { topic: 't', partition: 0, offset: 0 },
      { topic: 't', partition: 1, offset: 5 },
    ])
    await assert.rejects(stale, coded('LOG_FENCED'))
    const [group] = await log.groups()
    assert.deepEqual(
      group!.offsets.map(({ partition, committed }) => [partition, committed]),
      [[1, 2]],
    )
    await a.close()
    await assert.rejects(commitAll(a), coded('LOG_CLOSED'))
  }),
  check('L6', 'no offset is committed beyond the end', async (_w, log) => {
    await make(log, 1)
    const consumer = await log.consumer(GROUP)
    for (const offset of [1, -1, 0.5, Number.NaN]) {
      const commit = consumer.commitOffsets([{ topic: 't', partition: 0, offset }])
      await assert.rejects(commit, coded('CORE_INVALID_INPUT'))
    }
  }),
  check('L5', 'a group is reset and deleted only without members', async (w, log) => {
    await make(log, 1)
    await log.append('t', numbered(5))
    const to = (offset: number) => [{ topic: 't', partition: 0, offset }]
    const consumer = await log.consumer(GROUP)
    await drain(consumer)
    await commitAll(consumer)
    await assert.rejects(log.resetGroup('g', to(1)), coded('LOG_GROUP_ACTIVE'))
    await assert.rejects(log.deleteGroup('g'), coded('LOG_GROUP_ACTIVE'))
    await consumer.close()
    await assert.rejects(log.resetGroup('g', to(6)), coded('LOG_OFFSET_OUT_OF_RANGE'))
    await log.resetGroup('g', to(3))
    let settled = await w.settle(log)
    const again = await settled.consumer(GROUP)
    assert.deepEqual(await drain(again), ['v3', 'v4'])
    await again.close()
    await settled.deleteGroup('g')
    settled = await w.settle(settled)
    assert.deepEqual(await settled.groups(), [])
    await assert.rejects(settled.deleteGroup('g'), coded('LOG_UNKNOWN_GROUP'))
  }),
  check('L5', 'a topic of the same name does not inherit committed offsets', async (w, log) => {
    await make(log, 1)
    await log.append('t', numbered(5))
    const consumer = await log.consumer(GROUP)
    await drain(consumer)
    await commitAll(consumer)
    await log.deleteTopic('t')
    assert.deepEqual(consumer.assignment(), [])
    await consumer.close()
    await make(log, 1)
    await log.append('t', [record('new')])
    const settled = await w.settle(log)
    assert.deepEqual(await drain(await settled.consumer(GROUP)), ['new'])
  }),
]

/** Two apps on one log, which is what a cluster is to them. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'vitest'
import type { TopicPartition } from '../../../core/index.ts'
import { numbered, readAll, valuesOf } from '../../log-world.conformance.ts'
import { openLog } from '../../open-log.ts'
import type { Log } from '../../log.ts'
import { withOwnNames } from './own-names.ts'

const OWN = '__millrace-batches'

let dir: string
let shared: Log

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'millrace-own-names-'))
  shared = await openLog({ dir, cleanIntervalMs: 0 })
})
afterEach(async () => {
  await shared.close()
  await rm(dir, { recursive: true, force: true })
})

const namesOf = async (log: Log): Promise<string[]> => (await log.topics()).map(({ name }) => name)

describe('own names of an app', () => {
  it('own topics of two apps are two, those of users are shared', async () => {
    const [orders, visits] = [withOwnNames(shared, 'orders'), withOwnNames(shared, 'orders-eu')]
    for (const [log, count] of [
      [orders, 1],
      [visits, 2],
    ] as const) {
      assert.equal((await log.createTopic({ name: OWN })).name, OWN)
      await log.createTopic({ name: 'clicks' })
      await log.append(OWN, numbered(count))
    }
    await orders.append('clicks', numbered(3))
    assert.deepEqual(valuesOf(await readAll(visits, 'clicks')), ['v0', 'v1', 'v2'])
    assert.deepEqual(valuesOf(await readAll(orders, OWN)), ['v0'])
    const records = await readAll(visits, OWN)
    assert.deepEqual([valuesOf(records), records[0]?.topic], [['v0', 'v1'], OWN])
    assert.deepEqual(await namesOf(orders), [OWN, 'clicks'])
    const there = ['__millrace-orders-eu.batches', '__millrace-orders.batches', 'clicks']
    assert.deepEqual((await namesOf(shared)).toSorted(), there)
    await orders.deleteTopic(OWN)
    assert.equal((await visits.topic(OWN)).partitions[0]?.end, 2)
  })

  it('a group of each reads everything, and neither sees the other', async () => {
    const logs = [withOwnNames(shared, 'a'), withOwnNames(shared, 'b')]
    const group = '__millrace-sink-t'
    await shared.createTopic({ name: 't' })
    await shared.append('t', numbered(2))
    for (const log of logs) {
      await log.createTopic({ name: OWN })
      await log.append(OWN, numbered(1))
      const told: (readonly TopicPartition[])[] = []
      const onAssigned = async (places: readonly TopicPartition[]): Promise<void> => {
        told.push(places)
      }
      const topics = ['t', OWN]
      const consumer = await log.consumer({ group, topics, from: 'earliest', onAssigned })
      const records = await consumer.poll()
      assert.deepEqual(records.map(({ topic }) => topic).toSorted(), [OWN, 't', 't'])
      assert.deepEqual(
        told.flat().map(({ topic }) => topic),
        consumer.assignment().map(({ topic }) => topic),
      )
      const own = { topic: OWN, partition: 0 }
      assert.equal(consumer.position(own), 1)
      consumer.seek({ ...own, offset: 0 })
      assert.equal((await consumer.poll()).length, 1)
      await consumer.commitOffsets([{ ...own, offset: 1 }])
    }
    for (const log of logs) {
      const [one, ...others] = await log.groups()
      assert.deepEqual([one?.group, others.length, one?.members.length], [group, 0, 1])
      assert.deepEqual(
        one?.offsets.map(({ topic, committed }) => [topic, committed]),
        [[OWN, 1]],
      )
    }
  })

  it('an empty id leaves the names as they are', () => {
    assert.equal(withOwnNames(shared, ''), shared)
  })
})

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLogger, type LogRecord } from '../core/index.ts'
import { openLog, type Log } from '../log/index.ts'
import { createManualClock } from '../testing/index.ts'
import { followTopic, type TopicFollower } from './topic-follower.ts'

let dir: string
let log: Log
let follower: TopicFollower | undefined
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'millrace-follower-'))
  log = await openLog({ dir, cleanIntervalMs: 0 })
  await log.createTopic({ name: 'events', partitions: 2 })
})
afterEach(async () => {
  await follower?.close()
  follower = undefined
  await log.close()
  await rm(dir, { recursive: true })
})

const clock = createManualClock()
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const append = (partition: number, ...texts: string[]) =>
  log.append(
    'events',
    texts.map((text) => ({
      key: bytes(text),
      value: bytes(text),
      headers: [],
      timestamp: 0,
      partition,
    })),
  )
const textOf = (record: LogRecord): string => new TextDecoder().decode(record.value ?? undefined)

const follow = (
  apply: (records: readonly LogRecord[]) => Promise<void>,
  more: { log?: Log; topic?: string; from?: ReadonlyMap<number, number> } = {},
) =>
  followTopic({
    log,
    topic: 'events',
    holder: 'test',
    from: new Map(),
    apply,
    clock,
    logger: silentLogger,
    ...more,
  })

test('reads from where it is told, all partitions, each record once', async () => {
  await append(0, 'a', 'b', 'c')
  await append(1, 'x')
  const taken: string[] = []
  follower = await follow(async (records) => void taken.push(...records.map(textOf)), {
    from: new Map([[0, 2]]),
  })
  await follower.refresh()
  await append(1, 'y')
  await follower.refresh()
  expect(taken.toSorted()).toEqual(['c', 'x', 'y'])
  expect(follower.ends).toEqual(
    new Map([
      [0, 3],
      [1, 2],
    ]),
  )
  expect(follower.lag()).toBe(0)
})

test('a run that failed is told to those who wait, and taken again after a while', async () => {
  let failures = 2
  const taken: string[] = []
  follower = await follow(async (records) => {
    if (failures-- > 0) throw new Error('no memory left')
    taken.push(...records.map(textOf))
  })
  await append(0, 'a')
  await expect(follower.refresh()).rejects.toThrow('no memory left')
  expect(follower.lag()).toBe(1)
  // While it waits for the next try, nobody waits in vain.
  await expect(follower.refresh()).rejects.toThrow('no memory left')
  while (taken.length === 0) {
    clock.advance(1_000)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await follower.refresh()
  expect(taken).toEqual(['a'])
  expect(follower.lag()).toBe(0)
})

test('a partition that cannot be read goes on where it stopped', async () => {
  let failures = 1
  const flaky = new Proxy(log, {
    get(target, name: keyof Log) {
      if (name === 'read') {
        const read: Log['read'] = async function* (topic, partition, from, options) {
          for await (const batch of target.read(topic, partition, from, options)) {
            yield batch
            if (partition === 1 && failures-- > 0) throw new Error('cannot read the disk')
          }
        }
        return read
      }
      const member = target[name] as (...args: unknown[]) => unknown
      return member.bind(target)
    },
  })
  const taken: string[] = []
  await append(1, 'a')
  follower = await follow(async (records) => void taken.push(...records.map(textOf)), {
    log: flaky,
  })
  while (taken.length === 0) await new Promise((resolve) => setImmediate(resolve))
  await append(1, 'b')
  while (taken.length < 2) {
    clock.advance(1_000)
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(taken).toEqual(['a', 'b'])
  await follower.refresh()
})

test('the records that compaction took away are not waited for', async () => {
  await log.createTopic({ name: 'state', config: { cleanup: 'compact', segmentBytes: 1_024 } })
  const put = (key: string, value: string | null) =>
    log.append('state', [
      { key: bytes(key), value: value === null ? null : bytes(value), headers: [], timestamp: 0 },
    ])
  for (let i = 0; i < 200; i++) await put('k', `value ${i} ${'.'.repeat(40)}`)
  await log.clean()
  let count = 0
  follower = await follow(async (records) => void (count += records.length), { topic: 'state' })
  await follower.refresh()
  expect(count).toBeGreaterThan(0)
  expect(count).toBeLessThan(200)
  expect(follower.ends.get(0)).toBe(200)
})

test('closing ends what waits', async () => {
  follower = await follow(() => new Promise(() => {}))
  await append(0, 'a')
  const waiting = follower.refresh()
  const outcome = expect(waiting).rejects.toMatchObject({ code: 'FEATURE_STORE_CLOSED' })
  await new Promise((resolve) => setImmediate(resolve))
  void follower.close()
  follower = undefined
  await outcome
})

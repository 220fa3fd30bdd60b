import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLogger, silentMetrics } from '../../../../core/index.ts'
import { createManualClock, type ManualClock } from '../../../../testing/index.ts'
import { numbered } from '../../../log-world.conformance.ts'
import type { Consumer, Log } from '../../../log.ts'
import { openEmbeddedLog } from '../embedded-log.ts'
import { faultStorage, type Faults } from '../fault-storage.conformance.ts'
import { systemProcesses } from '../folder/process-table.ts'
import { nodeStorage } from '../node-storage.ts'
import { OFFSETS_TOPIC } from './group-offsets.ts'
import { assignRange } from './range-assignor.ts'

let root: string
let clock: ManualClock
let log: Log
/** Makes the sync of a commit wait until it is opened. */
let gate: { opened: Promise<void>; reached: () => void } | undefined
const faults: Faults = {}

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'millrace-group-'))
  clock = createManualClock()
  gate = undefined
  const inner = faultStorage(nodeStorage, faults)
  log = await openEmbeddedLog({
    dir: root,
    clock,
    logger: silentLogger,
    metrics: silentMetrics,
    storage: {
      ...inner,
      async open(path, mode) {
        const file = await inner.open(path, mode)
        const isCommit = path.includes(OFFSETS_TOPIC.name) && path.endsWith('.log')
        return {
          ...file,
          async datasync() {
            if (isCommit) {
              gate?.reached()
              await gate?.opened
            }
            await file.datasync()
          },
        }
      },
    },
    processes: systemProcesses(nodeStorage),
    newId: () => 'id-1',
    recordBytes: 1_000,
    cleanIntervalMs: 0,
  })
  await log.createTopic({ name: 't', partitions: 2 })
  await log.append('t', numbered(10, { partition: 1 }))
})
afterEach(async () => {
  await log.close()
  rmSync(root, { recursive: true, force: true })
})

const P1 = { topic: 't', partition: 1 }
const member = (more: object = {}): Promise<Consumer> =>
  log.consumer({ group: 'g', topics: ['t'], from: 'earliest', ...more })

test('a commit that is under way when the partition moves is where the new owner begins', async () => {
  const a = await member()
  await a.commitOffsets([{ ...P1, offset: 3 }])
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => (open = resolve))
  const reached = new Promise<void>((resolve) => (gate = { opened, reached: resolve }))
  const underWay = a.commitOffsets([{ ...P1, offset: 7 }])
  await reached
  const joining = member()
  let hasJoined = false
  void joining.then(() => (hasJoined = true))
  // The partition is taken away, and the new owner waits for the commit.
  while (a.assignment().length === 2) await new Promise((resolve) => setImmediate(resolve))
  await expect(a.commitOffsets([{ ...P1, offset: 9 }])).rejects.toMatchObject({
    code: 'LOG_FENCED',
  })
  expect(hasJoined).toBe(false)
  open()
  await underWay
  const b = await joining
  expect(b.position(P1)).toBe(7)
})

test('a member that does not give its partitions up loses them after a minute', async () => {
  const a = await member({ onRevoked: () => new Promise(() => {}) })
  const joining = member()
  while (clock.pending() === 0) await new Promise((resolve) => setImmediate(resolve))
  clock.advance(59_000)
  expect(a.assignment()).toHaveLength(2)
  clock.advance(1_000)
  const b = await joining
  expect(b.assignment()).toEqual([P1])
  await expect(a.commitOffsets([{ ...P1, offset: 1 }])).rejects.toMatchObject({
    code: 'LOG_FENCED',
  })
})

test('members that join and leave at once end with one owner for each partition', async () => {
  const first = await Promise.all([member(), member(), member()])
  await Promise.all([first[0].close(), member(), first[1].close()])
  for (;;) {
    const [group] = await log.groups()
    const owned = group!.members.flatMap(({ assignment }) => assignment)
    // Never two owners, also on the way.
    expect(new Set(owned.map(({ partition }) => partition)).size).toBe(owned.length)
    if (group!.members.length === 2 && owned.length === 2) break
    await new Promise((resolve) => setImmediate(resolve))
  }
})

test('the range assignment is that of Kafka', () => {
  const [a, b, c] = [{ topics: ['x', 'y'] }, { topics: ['x'] }, { topics: ['y'] }]
  const count = (topic: string): number => (topic === 'x' ? 3 : 5)
  const places = (one: object): string =>
    assignRange([a, b, c], count)
      .get(one as typeof a)!
      .map(({ topic, partition }) => `${topic}${partition}`)
      .join(' ')
  expect([a, b, c].map((one) => places(one))).toEqual(['x0 x1 y0 y1 y2', 'x2', 'y3 y4'])
})

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { silentLogger, silentMetrics } from '../../../core/index.ts'
import { createManualClock } from '../../../testing/index.ts'
import { numbered, readAll, record, valuesOf } from '../../log-world.conformance.ts'
import type { Log } from '../../log.ts'
import { openEmbeddedLog } from './embedded-log.ts'
import { errno, faultStorage, type Faults } from './fault-storage.conformance.ts'
import { nodeStorage } from './node-storage.ts'
import { systemProcesses } from './folder/process-table.ts'

let root: string
let ids = 0
const logs: Log[] = []
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'millrace-faults-'))))
afterEach(async () => {
  await Promise.all(logs.splice(0).map((log) => log.close().catch(() => {})))
  rmSync(root, { recursive: true, force: true })
})

async function open(faults: Faults = {}): Promise<Log> {
  const log = await openEmbeddedLog({
    dir: root,
    clock: createManualClock(),
    logger: silentLogger,
    metrics: silentMetrics,
    storage: faultStorage(nodeStorage, faults),
    processes: systemProcesses(nodeStorage),
    newId: () => `id-${ids++}`,
    recordBytes: 1024 * 1024,
    cleanIntervalMs: 0,
  })
  logs.push(log)
  return log
}

const isSegment = (path: string): boolean => path.endsWith('.log')

describe('a full disk', () => {
  test('refuses without an acknowledgement, keeps reading, and heals by itself', async () => {
    const faults: Faults = {}
    const log = await open(faults)
    await log.createTopic({ name: 't' })
    await log.append('t', numbered(3))
    let takes = 40
    // As a disk does: a part of the write is taken without an error, the next call fails.
    faults.maxBytes = () => takes
    faults.fail = (call, path) => {
      if (call !== 'write' || !isSegment(path)) return undefined
      if (takes === 0) return errno('ENOSPC')
      takes = 0
      return undefined
    }
    faults.maxBytes = () => Math.max(takes, 40)
    for (let attempt = 0; attempt < 3; attempt++) {
      const append = log.append('t', numbered(1, {}, 100 + attempt))
      await expect(append).rejects.toMatchObject({
        code: 'LOG_STORAGE_FULL',
        status: 503,
        retryAfterSeconds: 5,
      })
    }
    faults.maxBytes = undefined
    expect(valuesOf(await readAll(log, 't'))).toEqual(['v0', 'v1', 'v2'])
    faults.fail = undefined
    expect(await log.append('t', numbered(2, {}, 3))).toEqual([
      { partition: 0, offset: 3 },
      { partition: 0, offset: 4 },
    ])
    await log.close()
    expect(valuesOf(await readAll(await open(), 't'))).toEqual(['v0', 'v1', 'v2', 'v3', 'v4'])
  })

  test('refuses a topic whole, and the next attempt makes it', async () => {
    const faults: Faults = { fail: undefined }
    const log = await open(faults)
    faults.fail = (call, path) =>
      call === 'write' && path.includes('topic.json') ? errno('ENOSPC') : undefined
    await expect(log.createTopic({ name: 't' })).rejects.toMatchObject({ code: 'LOG_STORAGE_FULL' })
    faults.fail = undefined
    expect(await log.topics()).toEqual([])
    await log.createTopic({ name: 't' })
    await log.append('t', numbered(1))
  })

  test('a segment that cannot be begun keeps the old one in use', async () => {
    const faults: Faults = {}
    const log = await open(faults)
    await log.createTopic({ name: 't', config: { segmentBytes: 100 } })
    await log.append('t', numbered(1))
    faults.fail = (call, path) => (call === 'open' && isSegment(path) ? errno('ENOSPC') : undefined)
    await expect(log.append('t', numbered(1, {}, 9))).rejects.toMatchObject({
      code: 'LOG_STORAGE_FULL',
    })
    faults.fail = undefined
    await log.append('t', numbered(2, {}, 1))
    expect(valuesOf(await readAll(log, 't'))).toEqual(['v0', 'v1', 'v2'])
  })
})

describe('a failed sync', () => {
  test('is never acknowledged, and what follows goes into another segment', async () => {
    const faults: Faults = {}
    const log = await open(faults)
    await log.createTopic({ name: 't' })
    await log.append('t', numbered(2))
    let failures = 2
    faults.fail = (call, path) =>
      call === 'datasync' && isSegment(path) && failures-- > 0 ? errno('EIO') : undefined
    for (let attempt = 0; attempt < 2; attempt++) {
      const append = log.append('t', [record('never')])
      await expect(append).rejects.toMatchObject({ code: 'LOG_STORAGE_FAILED', status: 503 })
    }
    const before = (await log.topic('t')).partitions[0]!
    expect(before.end).toBe(2)
    await log.append('t', numbered(2, {}, 2))
    expect(valuesOf(await readAll(log, 't'))).toEqual(['v0', 'v1', 'v2', 'v3'])
    expect((await log.topic('t')).partitions[0]!.segments).toBe(2)
    await log.close()
    expect(valuesOf(await readAll(await open(), 't'))).toEqual(['v0', 'v1', 'v2', 'v3'])
  })

  test('when the tail cannot be cut either, the next segment hides it', async () => {
    const faults: Faults = {}
    const log = await open(faults)
    await log.createTopic({ name: 't' })
    await log.append('t', numbered(2))
    faults.fail = (call, path) =>
      isSegment(path) && (call === 'datasync' || call === 'truncate') ? errno('EIO') : undefined
    await expect(log.append('t', [record('never')])).rejects.toMatchObject({
      code: 'LOG_STORAGE_FAILED',
    })
    let syncs = 0
    faults.fail = (call) => {
      if (call === 'datasync') syncs++
      return call === 'truncate' ? errno('EIO') : undefined
    }
    expect(await log.append('t', [record('v2')])).toEqual([{ partition: 0, offset: 2 }])
    expect(syncs).toBeGreaterThan(0)
    await log.close()
    expect(valuesOf(await readAll(await open(), 't'))).toEqual(['v0', 'v1', 'v2'])
  })

  test('of the first batch of a partition leaves nothing of it', async () => {
    const faults: Faults = {}
    const log = await open(faults)
    await log.createTopic({ name: 't' })
    faults.fail = (call, path) =>
      isSegment(path) && (call === 'datasync' || call === 'truncate') ? errno('EIO') : undefined
    await expect(log.append('t', [record('never')])).rejects.toThrow()
    faults.fail = undefined
    await log.append('t', numbered(1))
    await log.close()
    expect(valuesOf(await readAll(await open(), 't'))).toEqual(['v0'])
  })

  test('of the folder keeps a new segment from being used', async () => {
    const faults: Faults = {}
    const log = await open(faults)
    await log.createTopic({ name: 't', config: { segmentBytes: 100 } })
    await log.append('t', numbered(1))
    faults.fail = (call) => (call === 'syncDir' ? errno('EIO') : undefined)
    await expect(log.append('t', [record('never')])).rejects.toMatchObject({
      code: 'LOG_STORAGE_FAILED',
    })
    faults.fail = undefined
    await log.append('t', numbered(1, {}, 1))
    expect(valuesOf(await readAll(log, 't'))).toEqual(['v0', 'v1'])
  })
})

test('one partition that fails does not stop another', async () => {
  const faults: Faults = {}
  const log = await open(faults)
  await log.createTopic({ name: 't', partitions: 2 })
  faults.fail = (call, path) =>
    call === 'write' && path.includes('/t/0/') ? errno('EIO') : undefined
  const both = log.append('t', [record('a', { partition: 0 }), record('b', { partition: 1 })])
  await expect(both).rejects.toMatchObject({ code: 'LOG_STORAGE_FAILED' })
  expect(valuesOf(await readAll(log, 't', 1))).toEqual(['b'])
  await log.append('t', [record('c', { partition: 1 })])
  faults.fail = undefined
  await log.append('t', [record('d', { partition: 0 })])
  expect(valuesOf(await readAll(log, 't', 0))).toEqual(['d'])
})

test('writes and reads that take only a few bytes at a time lose nothing', async () => {
  let step = 0
  const faults: Faults = { maxBytes: () => 1 + (step++ % 7) }
  const log = await open(faults)
  await log.createTopic({ name: 't' })
  await log.append('t', numbered(20))
  expect(valuesOf(await readAll(log, 't'))).toHaveLength(20)
  await log.close()
  expect(valuesOf(await readAll(await open(faults), 't'))).toHaveLength(20)
})

test('a call that a signal interrupts is made again', async () => {
  const faults: Faults = {}
  const log = await open(faults)
  await log.createTopic({ name: 't' })
  let calls = 0
  faults.fail = (call) => (call === 'write' && calls++ % 2 === 0 ? errno('EINTR') : undefined)
  await log.append('t', numbered(5))
  expect(calls).toBeGreaterThan(1)
  expect(valuesOf(await readAll(log, 't'))).toEqual(['v0', 'v1', 'v2', 'v3', 'v4'])
})

test('compaction that a failure interrupts is finished or undone', async () => {
  for (const broken of ['write', 'rename', 'unlink', 'syncDir', 'datasync'] as const) {
    for (let nth = 1; nth <= 2; nth++) {
      const faults: Faults = {}
      const log = await open(faults)
      const name = `${broken}-${nth}`
      await log.createTopic({ name, config: { cleanup: 'compact', segmentBytes: 200 } })
      const key = (text: string) => ({ key: Uint8Array.from(Buffer.from(text)) })
      for (let value = 0; value < 12; value++) {
        await log.append(name, numbered(1, key(`k${value % 3}`), value))
      }
      let calls = 0
      faults.fail = (call) => (call === broken && ++calls === nth ? errno('EIO') : undefined)
      await log.clean().catch(() => {})
      faults.fail = undefined
      expect(valuesOf(await readAll(log, name)), name).toEqual(
        expect.arrayContaining(['v9', 'v10', 'v11']),
      )
      await log.close()
      const again = await open()
      const left = valuesOf(await readAll(again, name))
      expect(left, name).toEqual(expect.arrayContaining(['v9', 'v10', 'v11']))
      await again.clean()
      expect(valuesOf(await readAll(again, name)).length, name).toBeLessThan(6)
      await again.close()
    }
  }
})

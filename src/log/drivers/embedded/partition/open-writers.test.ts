import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { nodeStorage } from '../node-storage.ts'
import type { OpenMode, Storage } from '../storage.ts'
import { OpenWriters } from './open-writers.ts'
import { PartitionLog } from './partition-log.ts'
import { close, contents, place, record } from './three-batches.testing.ts'

let root: string
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'millrace-writers-'))))
afterEach(() => rmSync(root, { recursive: true, force: true }))

/** The disk, and the paths of the files that are open for writing at this moment. */
function watchedStorage(): { storage: Storage; open: Set<string> } {
  const open = new Set<string>()
  const storage: Storage = {
    ...nodeStorage,
    async open(path: string, mode: OpenMode) {
      const file = await nodeStorage.open(path, mode)
      if (mode !== 'read') open.add(path)
      return {
        read: file.read.bind(file),
        write: file.write.bind(file),
        datasync: file.datasync.bind(file),
        truncate: file.truncate.bind(file),
        size: file.size.bind(file),
        async close() {
          await file.close()
          if (mode !== 'read') open.delete(path)
        },
      }
    },
  }
  return { storage, open }
}

test('of many partitions only a few keep their file open, and each goes on where it was', async () => {
  const { storage, open } = watchedStorage()
  const writers = new OpenWriters(3)
  const options = { ...place, storage, segmentBytes: 400, writers }
  const partitions = Array.from({ length: 20 }, (_, at) => ({ folder: join(root, String(at)) }))
  const logs = await Promise.all(
    partitions.map(({ folder }, partition) => PartitionLog.open({ ...options, folder, partition })),
  )
  for (let round = 0; round < 6; round++) {
    for (const [at, log] of logs.entries()) await log.append([record(`${at}-${round}`)])
    // What is let go of is closed in its turn.
    await Promise.all(logs.map((log) => log.seal()))
  }
  for (const log of logs) await log.append([record('last')])
  expect(open.size).toBeLessThanOrEqual(4)
  for (const [at, log] of logs.entries()) {
    const rounds = Array.from({ length: 6 }, (_, round) => `${round}:${at}-${round}`)
    expect(await contents(log)).toEqual([...rounds, '6:last'])
  }
  await Promise.all(logs.map((log) => close(log)))
  expect(open.size).toBe(0)
})

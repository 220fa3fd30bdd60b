/** K1 and K3 together: what a plain listing has shown stays, across a crash, the next open and the commits after it. */
import type { ConformanceCheck } from '../core/index.ts'
import assert from 'node:assert/strict'
import { chmod, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { commitSeams } from './failpoint.ts'
import {
  assertPrefix,
  readListing,
  stopAt,
  twoParts,
  withTable,
  type LakeHarness,
} from './lake-world.conformance.ts'

export function listingChecks(harness: LakeHarness): ConformanceCheck[] {
  const check = (guarantee: string, name: string, body: (dir: string) => Promise<void>) => ({
    guarantee,
    name,
    run: async () => body(await harness.makeDir()),
  })
  return [
    check('K1', 'a listing never goes back over crashes and opens', async (dir) => {
      await withTable(harness, dir, async (table) => {
        await table.commit(twoParts(1, table))
      })
      const done = new AbortController()
      const polling = pollForwards(harness, dir, done.signal)
      let number = 1
      for (const seam of commitSeams) {
        for (const time of seam === 'renamed' ? [1, 2] : [1]) {
          number++
          await stopAt(harness, dir, seam, time, (table) => table.commit(twoParts(number, table)))
          await withTable(harness, dir, async (table) => {
            await table.commit(twoParts(number, table))
          })
        }
      }
      done.abort()
      assert.ok((await polling) >= commitSeams.length)
      const counts = { 0: number * 10, 1: number * 5 }
      assert.deepEqual(assertPrefix(await readListing(harness, dir)), counts)
    }),
    check(
      'K3',
      'files of a batch that is there in part stay also over a compaction',
      async (dir) => {
        await withTable(harness, dir, async (table) => {
          for (let number = 1; number <= 2; number++) await table.commit(twoParts(number, table))
        })
        await stopAt(harness, dir, 'renamed', 1, (table) => table.commit(twoParts(3, table)))
        await withTable(harness, dir, async (table) => {
          await table.compact()
          assert.equal(table.snapshot().lastBatch, 2)
          assert.deepEqual(assertPrefix(await readListing(harness, dir)), { 0: 30, 1: 10 })
          await table.commit(twoParts(3, table))
          assert.deepEqual(assertPrefix(await readListing(harness, dir)), { 0: 30, 1: 15 })
          assert.deepEqual(await table.verify(), [])
        })
      },
    ),
    check('K3', 'a file that is damaged or does not follow is not taken over', async (dir) => {
      await withTable(harness, dir, async (table) => {
        for (let number = 1; number <= 2; number++) await table.commit(twoParts(number, table))
      })
      await stopAt(harness, dir, 'folder-synced', 1, (table) => table.commit(twoParts(3, table)))
      const folder = join(dir, 'events', 'current')
      const [damaged] = (await readdir(folder)).filter((name) => name.includes('-0-')).slice(-1)
      const bytes = await readFile(join(folder, damaged!))
      bytes.fill(0xff, 4, 200)
      await chmod(join(folder, damaged!), 0o644)
      await writeFile(join(folder, damaged!), bytes)
      const stray = damaged!.replace(
        /\d{20}-\d{20}/,
        `${'7'.padStart(20, '0')}-${'9'.padStart(20, '0')}`,
      )
      await writeFile(join(folder, stray), bytes)
      await withTable(harness, dir, async (table) => {
        assert.equal(table.snapshot().lastBatch, 2)
        assert.deepEqual(assertPrefix(await readListing(harness, dir)), { 0: 20, 1: 15 })
        await table.commit(twoParts(3, table))
        assert.deepEqual(assertPrefix(await readListing(harness, dir)), { 0: 30, 1: 15 })
        assert.deepEqual(await table.verify(), [])
      })
    }),
  ]
}

/** Lists until told to stop; fails when a partition has fewer rows than it had. Answers how often it looked. */
async function pollForwards(
  harness: LakeHarness,
  dir: string,
  signal: AbortSignal,
): Promise<number> {
  let looks = 0
  let before: Record<number, number> = {}
  do {
    const now = assertPrefix(await readListing(harness, dir))
    for (const [partition, rows] of Object.entries(before))
      assert.ok((now[Number(partition)] ?? 0) >= rows, `partition ${partition} lost rows it showed`)
    before = now
    looks++
  } while (!signal.aborted)
  return looks
}

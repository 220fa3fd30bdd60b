/** K3: ended at any seam, the next open finds the table before or after the step. */
import type { ConformanceCheck } from '../core/index.ts'
import assert from 'node:assert/strict'
import { readdir, readFile, readlink, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { commitSeams, compactionSeams } from './failpoint.ts'
import type { LakeFile } from './lake.ts'
import {
  assertPrefix,
  readListing,
  stopAt,
  twoParts,
  withTable,
  type LakeHarness,
} from './lake-world.conformance.ts'

const digestsOf = (files: readonly LakeFile[]): string[] =>
  files.map(({ name, sha256 }) => `${name} ${sha256}`)

/** What is on disk beside the table's own files: nothing. */
async function assertTidy(dir: string, generation: string): Promise<void> {
  const folder = join(dir, 'events')
  assert.deepEqual((await readdir(folder)).toSorted(), [
    'current',
    'generations',
    'manifest',
    'temp',
  ])
  assert.deepEqual(await readdir(join(folder, 'temp')), [])
  assert.equal(await readlink(join(folder, 'current')), `generations/${generation}`)
}

export function crashChecks(harness: LakeHarness): ConformanceCheck[] {
  const check = (name: string, body: (dir: string) => Promise<void>): ConformanceCheck => ({
    guarantee: 'K3',
    name,
    run: async () => body(await harness.makeDir()),
  })
  const undisturbed = async (): Promise<string[]> => {
    let digests: string[] = []
    await withTable(harness, await harness.makeDir(), async (table) => {
      await table.commit(twoParts(1, table))
      await table.commit(twoParts(2, table))
      digests = digestsOf(table.snapshot().files)
    })
    return digests
  }
  return [
    ...commitSeams.flatMap((seam) =>
      // The second time is the second file of the batch, where the seam belongs to a file.
      (seam === 'folder-synced' || seam.startsWith('manifest') ? [1] : [1, 2]).map((time) =>
        check(`a commit ends at ${seam}, time ${time}`, async (dir) => {
          await withTable(harness, dir, async (table) => {
            await table.commit(twoParts(1, table))
          })
          await stopAt(harness, dir, seam, time, (table) => table.commit(twoParts(2, table)))
          const shown = assertPrefix(await readListing(harness, dir))
          await withTable(harness, dir, async (table) => {
            const { lastBatch, rows, version } = table.snapshot()
            const isWhole = shown[1] === 10
            assert.equal(lastBatch, isWhole ? 2 : 1)
            assert.equal(rows, lastBatch * 15)
            assert.deepEqual(assertPrefix(await readListing(harness, dir)), shown)
            await assertTidy(dir, '000001')
            await table.commit(twoParts(2, table))
            if (isWhole) assert.equal(table.snapshot().version, version, 'K2: nothing changed')
            assert.deepEqual(digestsOf(table.snapshot().files), await undisturbed())
            assert.deepEqual(assertPrefix(await readListing(harness, dir)), { 0: 20, 1: 10 })
          })
        }),
      ),
    ),
    ...compactionSeams.map((seam) =>
      check(`a compaction ends at ${seam}`, async (dir) => {
        await withTable(harness, dir, async (table) => {
          for (let number = 1; number <= 3; number++) await table.commit(twoParts(number, table))
        })
        await stopAt(harness, dir, seam, 1, (table) => table.compact())
        assert.deepEqual(assertPrefix(await readListing(harness, dir)), { 0: 30, 1: 15 })
        await withTable(harness, dir, async (table) => {
          const isAfter = seam.startsWith('manifest') || seam === 'switched'
          await assertTidy(dir, isAfter ? '000002' : '000001')
          assert.equal(table.snapshot().files.length, isAfter ? 2 : 6)
          assert.deepEqual(assertPrefix(await readListing(harness, dir)), { 0: 30, 1: 15 })
          assert.deepEqual(await table.verify(), [])
          await table.commit(twoParts(4, table))
          await table.compact()
          assert.deepEqual(assertPrefix(await readListing(harness, dir)), { 0: 40, 1: 20 })
        })
      }),
    ),
    check('the newest manifest record is lost or damaged', async (dir) => {
      for (const damage of ['lost', 'damaged'] as const) {
        const place = join(dir, damage)
        await withTable(harness, place, async (table) => {
          for (let number = 1; number <= 2; number++) await table.commit(twoParts(number, table))
        })
        const folder = join(place, 'events', 'manifest')
        const newest = join(folder, (await readdir(folder)).toSorted().at(-1)!)
        if (damage === 'lost') await rename(newest, join(place, 'away'))
        else
          await writeFile(
            newest,
            (await readFile(newest, 'utf8')).replace('"rows":10', '"rows":11'),
          )
        await withTable(harness, place, async (table) => {
          assert.equal(table.snapshot().lastBatch, 2)
          assert.deepEqual(assertPrefix(await readListing(harness, place)), { 0: 20, 1: 10 })
          assert.deepEqual(await table.verify(), [])
          await table.commit(twoParts(2, table))
          assert.deepEqual(digestsOf(table.snapshot().files), await undisturbed())
        })
      }
    }),
    check('the whole manifest is lost: the table is rebuilt from its files', async (dir) => {
      let digests: string[] = []
      await withTable(harness, dir, async (table) => {
        for (let number = 1; number <= 3; number++) await table.commit(twoParts(number, table))
        await table.compact()
        await table.commit(twoParts(4, table))
        digests = digestsOf(table.snapshot().files)
      })
      await stopAt(harness, dir, 'renamed', 1, (table) => table.commit(twoParts(5, table)))
      await rename(join(dir, 'events', 'manifest'), join(dir, 'away'))
      await withTable(harness, dir, async (table) => {
        assert.equal(table.snapshot().lastBatch, 4)
        assert.deepEqual(digestsOf(table.snapshot().files), digests)
        assert.deepEqual(assertPrefix(await readListing(harness, dir)), { 0: 40, 1: 20 })
        await table.commit(twoParts(5, table))
        assert.deepEqual(assertPrefix(await readListing(harness, dir)), { 0: 50, 1: 25 })
      })
    }),
  ]
}

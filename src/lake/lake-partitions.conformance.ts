/** K1 to K6 of a table with partition columns, where a batch is several files. */
import type { ColumnarRows, ConformanceCheck } from '../core/index.ts'
import assert from 'node:assert/strict'
import { readdir, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { compactionSeams, partitionedCommitSeams } from './failpoint.ts'
import type { LakeFile, LakeTable } from './lake.ts'
import {
  assertPrefix,
  partitionedSpec,
  readListing,
  spec,
  stopAt,
  twoParts,
  withTable,
  type LakeHarness,
} from './lake-world.conformance.ts'

const digestsOf = (files: readonly LakeFile[]): string[] =>
  files.map(({ name, sha256 }) => `${name} ${sha256}`)

/** Each row once, in whatever order of files; answers the offsets by partition, sorted. */
async function readOnce(
  harness: LakeHarness,
  dir: string,
): Promise<ReadonlyMap<number, readonly number[]>> {
  const found = new Map<number, number[]>()
  for (const [partition, offsets] of await readListing(harness, dir)) {
    assert.equal(new Set(offsets).size, offsets.length, `a row of partition ${partition} is double`)
    found.set(
      partition,
      offsets.toSorted((a, b) => a - b),
    )
  }
  return found
}

const without = (rows: ColumnarRows, row: number): ColumnarRows => ({
  ...rows,
  length: rows.length - 1,
  values: rows.values.map((column) => column.filter((_, index) => index !== row)),
})

export function partitionChecks(harness: LakeHarness): ConformanceCheck[] {
  const check = (guarantee: string, name: string, body: (dir: string) => Promise<void>) => ({
    guarantee,
    name,
    run: async () => body(await harness.makeDir()),
  })
  const use = (dir: string, work: (table: LakeTable) => Promise<void>): Promise<void> =>
    withTable(harness, dir, work, harness.makeClock(), partitionedSpec)
  const stop = (dir: string, seam: string, time: number, number: number): Promise<void> =>
    stopAt(
      harness,
      dir,
      seam,
      time,
      async (table) => table.commit(twoParts(number, table)),
      partitionedSpec,
    )
  const undisturbed = async (): Promise<string[]> => {
    let digests: string[] = []
    await use(await harness.makeDir(), async (table) => {
      for (const number of [1, 2]) await table.commit(twoParts(number, table))
      digests = digestsOf(table.snapshot().files)
    })
    return digests
  }
  return [
    check('K4', 'a batch is one file a folder and log partition, in one version', async (dir) => {
      await use(dir, async (table) => {
        const before = table.snapshot()
        const { files, version } = await table.commit(twoParts(1, table))
        assert.equal(version, before.version + 1)
        const places = files.map(({ name, partition }) => `${partition}/${dirname(name)}`)
        assert.equal(new Set(places).size, files.length)
        assert.ok(files.length > 4)
        assert.ok(places.some((place) => place.endsWith('label=__HIVE_DEFAULT_PARTITION__')))
        assert.ok(places.every((place) => /^\d\/hour=2023-11-14T22\/label=[^/]+$/.test(place)))
        for (const { first, last, batches } of files) {
          assert.ok(first === 0 && (last === 9 || last === 4))
          assert.deepEqual(batches, [1, 1])
        }
        assert.deepEqual(assertPrefix(await readOnce(harness, dir)), { 0: 10, 1: 5 })
        const again = await table.commit(twoParts(1, table))
        assert.deepEqual(digestsOf(again.files), digestsOf(files), 'K2')
        assert.equal(table.snapshot().version, version, 'K2: nothing changed')
      })
    }),
    ...partitionedCommitSeams.flatMap((seam) => {
      const isOnce = seam === 'folder-synced' || seam.startsWith('manifest')
      return (isOnce ? [1] : [1, 2, 7]).map((time) =>
        check('K3', `a commit of several files ends at ${seam}, time ${time}`, async (dir) => {
          await use(dir, async (table) => {
            await table.commit(twoParts(1, table))
          })
          await stop(dir, seam, time, 2)
          const shown = await readOnce(harness, dir)
          await use(dir, async (table) => {
            const { lastBatch, rows } = table.snapshot()
            assert.equal(rows, lastBatch * 15, 'a snapshot has a batch whole or not at all')
            if (isOnce) assert.equal(lastBatch, 2)
            assert.deepEqual(await readOnce(harness, dir), shown, 'a listing never goes back')
            await table.commit(twoParts(2, table))
            assert.deepEqual(digestsOf(table.snapshot().files), await undisturbed())
            assert.deepEqual(assertPrefix(await readOnce(harness, dir)), { 0: 20, 1: 10 })
            assert.deepEqual(await table.verify(), [])
          })
        }),
      )
    }),
    ...[...compactionSeams, undefined].map((seam) =>
      check(
        'K6',
        `files are merged within their folder, ended at ${seam ?? 'no seam'}`,
        async (dir) => {
          await use(dir, async (table) => {
            for (const number of [1, 2, 3]) await table.commit(twoParts(number, table))
          })
          if (seam) await stopAt(harness, dir, seam, 1, (table) => table.compact(), partitionedSpec)
          assert.deepEqual(assertPrefix(await readOnce(harness, dir)), { 0: 30, 1: 15 })
          await use(dir, async (table) => {
            await table.compact()
            const { files, rows } = table.snapshot()
            const places = files.map(({ name, partition }) => `${partition}/${dirname(name)}`)
            assert.equal(new Set(places).size, files.length, 'one file a folder and log partition')
            assert.equal(rows, 45)
            assert.deepEqual(assertPrefix(await readOnce(harness, dir)), { 0: 30, 1: 15 })
            assert.deepEqual(await table.verify(), [])
            assert.deepEqual(
              digestsOf((await table.commit(twoParts(3, table))).files).length > 0,
              true,
              'K2: a merged batch is known',
            )
            await table.commit(twoParts(4, table))
            assert.deepEqual(assertPrefix(await readOnce(harness, dir)), { 0: 40, 1: 20 })
          })
        },
      ),
    ),
    check(
      'K3',
      'the manifest of a partitioned table is lost: whole batches come back',
      async (dir) => {
        let files: readonly LakeFile[] = []
        await use(dir, async (table) => {
          for (const number of [1, 2, 3]) await table.commit(twoParts(number, table))
          await table.compact()
          for (const number of [4, 5]) await table.commit(twoParts(number, table))
          files = table.snapshot().files
        })
        await stop(dir, 'renamed', 3, 6)
        await rename(join(dir, 'events', 'manifest'), join(dir, 'away'))
        await use(dir, async (table) => {
          assert.equal(table.snapshot().lastBatch, 5)
          assert.deepEqual(digestsOf(table.snapshot().files), digestsOf(files))
          await table.commit(twoParts(6, table))
          assert.deepEqual(assertPrefix(await readOnce(harness, dir)), { 0: 60, 1: 30 })
        })
      },
    ),
    check('K3', 'without manifest a batch that lacks a file is not taken', async (dir) => {
      let lost: LakeFile | undefined
      await use(dir, async (table) => {
        for (const number of [1, 2, 3]) await table.commit(twoParts(number, table))
        lost = table.snapshot().files.find(({ batches }) => batches[0] === 2)
      })
      await rename(join(dir, 'events', 'current', lost!.name), join(dir, 'lost'))
      await rename(join(dir, 'events', 'manifest'), join(dir, 'away'))
      await use(dir, async (table) => {
        assert.equal(table.snapshot().lastBatch, 1)
        assert.deepEqual(assertPrefix(await readOnce(harness, dir)), { 0: 10, 1: 5 })
        for (const number of [2, 3]) await table.commit(twoParts(number, table))
        assert.deepEqual(assertPrefix(await readOnce(harness, dir)), { 0: 30, 1: 15 })
      })
    }),
    check('K3', 'other partition columns are refused while there are files', async (dir) => {
      await use(dir, async (table) => {
        await table.commit(twoParts(1, table))
      })
      const lake = await harness.open({ dir, clock: harness.makeClock() })
      await assert.rejects(lake.openTable(spec), {
        code: 'LAKE_SCHEMA_CONFLICT',
        message: /is partitioned by hour\(_timestamp\), label and is to be by nothing now/,
      })
      await lake.close()
      assert.deepEqual(assertPrefix(await readOnce(harness, dir)), { 0: 10, 1: 5 })
    }),
    check('K1', 'an attempt with other rows leaves no file of the first', async (dir) => {
      await stop(dir, 'renamed', 6, 1)
      await use(dir, async (table) => {
        // A row that is refused now: the only one of its folder in partition 0.
        const { ranges, rows } = twoParts(1, table)
        const [one] = rows.values[rows.columns.findIndex(({ name }) => name === 'n')]!
        const kept = { number: 1, ranges, rows: without(rows, 0) }
        await table.commit(kept)
        const shown = await readOnce(harness, dir)
        assert.equal(one, 0)
        assert.deepEqual(shown.get(0), [1, 2, 3, 4, 5, 6, 7, 8, 9])
        assert.deepEqual(shown.get(1), [0, 1, 2, 3, 4])
      })
    }),
    check(
      'K1',
      'files of a layout that was given up are not shown beside the new ones',
      async (dir) => {
        await stop(dir, 'renamed', 3, 1)
        await withTable(harness, dir, async (table) => {
          await table.commit(twoParts(1, table))
          assert.deepEqual(assertPrefix(await readOnce(harness, dir)), { 0: 10, 1: 5 })
          const names = await readdir(join(dir, 'events', 'current'))
          assert.equal(names.length, 2, 'and their folders are gone')
        })
      },
    ),
  ]
}

/** K1, K2, K4, K5, K7: what a commit promises. */
import type { ConformanceCheck } from '../core/index.ts'
import assert from 'node:assert/strict'
import { chmod, open, readdir, rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { parseFileName } from './layout.ts'
import {
  assertPrefix,
  batchOf,
  columns,
  range,
  readListing,
  spec,
  tenRows,
  twoParts,
  withTable,
  type LakeHarness,
} from './lake-world.conformance.ts'

export function commitChecks(harness: LakeHarness): ConformanceCheck[] {
  const check = (guarantee: string, name: string, body: (dir: string) => Promise<void>) => ({
    guarantee,
    name,
    run: async () => body(await harness.makeDir()),
  })
  return [
    check('K1', 'a plain listing has each committed row once', async (dir) => {
      await withTable(harness, dir, async (table) => {
        for (let number = 1; number <= 3; number++) {
          await table.commit(twoParts(number, table))
          const counts = assertPrefix(await readListing(harness, dir))
          assert.deepEqual(counts, { 0: number * 10, 1: number * 5 })
        }
        const { rows, ends, lastBatch } = table.snapshot()
        assert.deepEqual(
          [rows, [...ends], lastBatch],
          [
            45,
            [
              [0, 30],
              [1, 15],
            ],
            3,
          ],
        )
      })
      await withTable(harness, dir, async (table) => {
        assert.equal(table.snapshot().rows, 45)
        assert.deepEqual(assertPrefix(await readListing(harness, dir)), { 0: 30, 1: 15 })
      })
    }),
    check('K1', 'a reader that polls never sees a duplicate, a gap or half a file', async (dir) => {
      await withTable(harness, dir, async (table) => {
        const done = new AbortController()
        let polls = 0
        const poll = (async () => {
          while (!done.signal.aborted) {
            assertPrefix(await readListing(harness, dir))
            polls++
          }
        })()
        for (let number = 1; number <= 15; number++) {
          await table.commit(twoParts(number, table))
          if (number % 5 === 0) await table.compact()
        }
        done.abort()
        await poll
        assert.ok(polls >= 5, `only ${polls} polls`)
        assert.deepEqual(assertPrefix(await readListing(harness, dir)), { 0: 150, 1: 75 })
      })
    }),
    check('K2', 'committing a batch again changes nothing', async (dir) => {
      await withTable(harness, dir, async (table) => {
        const first = await table.commit(twoParts(1, table))
        const second = await table.commit(tenRowsAfterTwoParts(table))
        assert.deepEqual((await table.commit(twoParts(1, table))).files, first.files)
        assert.deepEqual((await table.commit(tenRowsAfterTwoParts(table))).files, second.files)
        assert.equal(table.snapshot().version, second.version)
      })
      await withTable(harness, dir, async (table) => {
        const { version } = table.snapshot()
        await table.commit(twoParts(1, table))
        assert.equal(table.snapshot().version, version)
        await table.compact()
        const { files } = await table.commit(twoParts(1, table))
        assert.deepEqual(
          files.map(({ partition }) => partition),
          [0, 1],
        )
        assert.deepEqual(assertPrefix(await readListing(harness, dir)), { 0: 20, 1: 5 })
        await assert.rejects(table.commit(batchOf(1, [range(0, 0, 500)], table)), {
          code: 'LAKE_OUT_OF_ORDER',
        })
      })
    }),
    check('K2', 'the same rows give the same bytes in another lake', async (dir) => {
      const digests: string[][] = []
      for (const place of [dir, await harness.makeDir()]) {
        await withTable(harness, place, async (table) => {
          const { files } = await table.commit(batchOf(1, [range(0, 0, 4_999)], table))
          digests.push(files.map(({ name, sha256 }) => `${name} ${sha256}`))
        })
      }
      assert.deepEqual(digests[0], digests[1])
    }),
    check(
      'K4',
      'names give partition and offsets, adjacent also where no row was good',
      async (dir) => {
        await withTable(harness, dir, async (table) => {
          await table.commit(tenRows(1, table))
          const deadLetters = Array.from({ length: 10 }, (_, index) => 10 + index)
          await table.commit(batchOf(2, [range(0, 10, 19)], table, deadLetters))
          await table.commit(batchOf(3, [range(0, 20, 29)], table, [20, 25, 29]))
          const names = await readdir(join(dir, 'events', 'current'))
          assert.deepEqual(names.toSorted().map(parseFileName), [
            range(0, 0, 9),
            range(0, 10, 19),
            range(0, 20, 29),
          ])
          assert.match(names.toSorted()[2]!, /^events-0-0{18}20-0{18}29\.parquet$/)
          assert.deepEqual(
            (await readListing(harness, dir)).get(0),
            [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 21, 22, 23, 24, 26, 27, 28],
          )
        })
      },
    ),
    check('K5', 'verify names each file whose bytes differ', async (dir) => {
      await withTable(harness, dir, async (table) => {
        for (let number = 1; number <= 4; number++) await table.commit(tenRows(number, table))
        assert.deepEqual(await table.verify(), [])
        const snapshot = table.snapshot()
        const [flipped, cut, lost] = snapshot.files
        await flipBit(snapshot.path(flipped!))
        await chmod(snapshot.path(cut!), 0o644)
        await truncate(snapshot.path(cut!), cut!.bytes - 1)
        await rm(snapshot.path(lost!))
        const problems = await table.verify()
        assert.deepEqual(
          problems.map(({ file }) => file),
          [flipped!.name, cut!.name, lost!.name],
        )
        await assert.rejects(table.compact(), { code: 'LAKE_CORRUPT' })
      })
    }),
    check('K7', 'a batch that does not follow the end is refused', async (dir) => {
      await withTable(harness, dir, async (table) => {
        await table.commit(tenRows(1, table))
        const refused = [
          batchOf(2, [range(0, 11, 19)], table),
          batchOf(2, [range(0, 9, 19)], table),
          batchOf(2, [range(0, 0, 9)], table),
          batchOf(2, [range(0, 10, 14), range(0, 15, 19)], table),
          { ...batchOf(2, [range(0, 10, 20)], table), ranges: [range(0, 10, 19)] },
          { ...batchOf(2, [range(1, 0, 9)], table), ranges: [range(0, 10, 19)] },
          batchOf(1, [range(0, 0, 8)], table),
        ]
        const before = table.snapshot()
        for (const batch of refused)
          await assert.rejects(table.commit(batch), { code: 'LAKE_OUT_OF_ORDER' })
        assert.equal(table.snapshot(), before)
        assert.deepEqual(assertPrefix(await readListing(harness, dir)), { 0: 10 })
        await table.commit(tenRows(2, table))
      })
    }),
    check('K7', 'rows that do not have the columns are refused', async (dir) => {
      await withTable(harness, dir, async (table) => {
        const batch = tenRows(1, table)
        const without = batch.rows.columns.filter(({ name }) => name !== 'n')
        await assert.rejects(
          table.commit({
            ...batch,
            rows: { ...batch.rows, columns: without, values: batch.rows.values.slice(1) },
          }),
          { code: 'LAKE_SCHEMA_CONFLICT' },
        )
      })
      assert.equal(columns[0]?.name, spec.columns[0]?.name)
    }),
  ]
}

const tenRowsAfterTwoParts = (table: Parameters<typeof batchOf>[2]) =>
  batchOf(2, [range(0, 10, 19)], table)

async function flipBit(path: string): Promise<void> {
  await chmod(path, 0o644)
  const file = await open(path, 'r+')
  const byte = Buffer.alloc(1)
  await file.read(byte, 0, 1, 40)
  byte[0]! ^= 1
  await file.write(byte, 0, 1, 40)
  await file.close()
}

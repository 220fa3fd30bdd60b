/** K6: what a table does by itself, compaction and retention, and that no reader notices. */
import type { ConformanceCheck } from '../core/index.ts'
import assert from 'node:assert/strict'
import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { compactionSeams } from './failpoint.ts'
import type { LakeTable, TableSpec } from './lake.ts'
import {
  assertPrefix,
  batchOf,
  partitionedSpec,
  range,
  readListing,
  spec,
  stopAt,
  tenRows,
  twoParts,
  withTable,
  type LakeHarness,
  type MovableClock,
} from './lake-world.conformance.ts'

const HOUR = 60 * 60_000

/** First offset that is left, by partition; what is left has no hole and no double. */
async function firstShown(harness: LakeHarness, dir: string): Promise<Record<number, number>> {
  const first: Record<number, number> = {}
  for (const [partition, offsets] of await readListing(harness, dir)) {
    const sorted = offsets.toSorted((a, b) => a - b)
    first[partition] = sorted[0]!
    sorted.forEach((offset, index) => assert.equal(offset, sorted[0]! + index))
  }
  return first
}

export function maintenanceChecks(harness: LakeHarness): ConformanceCheck[] {
  const check = (name: string, body: (dir: string) => Promise<void>) => ({
    guarantee: 'K6',
    name,
    run: async () => body(await harness.makeDir()),
  })
  const use = (
    dir: string,
    tableSpec: TableSpec,
    work: (table: LakeTable, clock: MovableClock) => Promise<void>,
  ): Promise<void> =>
    withTable(
      harness,
      dir,
      (table, _lake, clock) => work(table, clock),
      harness.makeClock(),
      tableSpec,
    )
  const small: TableSpec = { ...spec, maintenance: { compactFiles: 8 } }
  return [
    check(
      'small files are merged by themselves, readers see the same rows all the while',
      async (dir) => {
        await use(dir, small, async (table) => {
          const before = table.snapshot()
          for (let number = 1; number <= 40; number++) {
            await table.commit(tenRows(number, table))
            assert.deepEqual(assertPrefix(await readListing(harness, dir)), { 0: number * 10 })
            assert.equal(table.snapshot().rows, number * 10)
          }
          await table.maintain()
          assert.ok(table.snapshot().files.length <= 16, `${table.snapshot().files.length} files`)
          assert.deepEqual(assertPrefix(await readListing(harness, dir)), { 0: 400 })
          assert.equal(before.files.length, 0)
          assert.deepEqual(await table.verify(), [])
        })
      },
    ),
    check('few files are left alone', async (dir) => {
      await use(dir, small, async (table) => {
        for (let number = 1; number <= 7; number++) await table.commit(tenRows(number, table))
        assert.deepEqual(await table.maintain(), { before: 0, after: 0, expired: 0 })
      })
    }),
    ...[spec, partitionedSpec].flatMap((base) => {
      const kind = base.partitionBy ? 'in folders' : 'in one folder'
      return [
        check(`old batches go, oldest first and whole, ${kind}`, async (dir) => {
          // The rows are of the first twenty minutes after this time.
          const retainMs = harness.makeClock().now() - 1_700_000_000_000 + HOUR
          await use(dir, { ...base, maintenance: { retainMs } }, async (table, clock) => {
            for (let number = 1; number <= 4; number++) await table.commit(twoParts(number, table))
            const before = table.snapshot()
            assert.equal((await table.maintain()).expired, 0)
            clock.advance(HOUR + 1_100_000)
            const late = batchOf(5, [range(0, 40, 49), range(1, 20, 24)], table)
            await table.commit(late)
            await table.maintain()
            const { rows, expiredRows, files } = table.snapshot()
            assert.deepEqual([rows, expiredRows], [15, 60])
            assert.ok(
              files.every(({ batches }) => batches[0] === 5),
              'the newest batch stays',
            )
            assert.deepEqual(await firstShown(harness, dir), { 0: 40, 1: 20 })
            for (const file of before.files) assert.ok((await stat(before.path(file))).size > 0)
            await table.commit(late)
            assert.equal(table.snapshot().rows, 15, 'K2')
          })
          await use(dir, base, async (table) => {
            assert.equal(table.snapshot().expiredRows, 60)
            assert.deepEqual(table.snapshot().ends.get(0), 50)
          })
        }),
      ]
    }),
    ...[spec, partitionedSpec].map((base) =>
      check(
        `what retention took is known from the files alone, ${base.partitionBy ? 'in folders' : 'in one folder'}`,
        async (dir) => {
          const bounded: TableSpec = { ...base, maintenance: { retainBytes: 1 } }
          const ends = [
            [0, 60],
            [1, 10],
          ]
          await use(dir, bounded, async (table) => {
            // Of partition 1 nothing is left afterwards.
            await table.commit(batchOf(1, [range(0, 0, 9), range(1, 0, 9)], table))
            for (let number = 2; number <= 6; number++) await table.commit(tenRows(number, table))
            await table.maintain()
            const { rows, expiredRows } = table.snapshot()
            assert.deepEqual([rows, expiredRows, [...table.snapshot().ends]], [10, 60, ends])
          })
          await rm(join(dir, base.name, 'manifest'), { recursive: true })
          await use(dir, bounded, async (table) => {
            const { rows, expiredRows } = table.snapshot()
            assert.deepEqual([rows, expiredRows, [...table.snapshot().ends]], [10, 60, ends])
            await table.commit(tenRows(7, table))
            await table.maintain()
            assert.equal(table.snapshot().expiredRows, 70)
          })
        },
      ),
    ),
    check('what retention took is known from files that were merged', async (dir) => {
      let bytes = 0
      await use(dir, spec, async (table) => {
        for (const number of [1, 2, 3, 4]) await table.commit(tenRows(number, table))
        bytes = table.snapshot().bytes
      })
      // Of four files of one size the two oldest go.
      const bounded: TableSpec = { ...spec, maintenance: { retainBytes: 0.6 * bytes } }
      await use(dir, bounded, async (table) => {
        await table.maintain()
        await table.compact()
        const { rows, expiredRows, files } = table.snapshot()
        assert.deepEqual([rows, expiredRows, files.length], [20, 20, 1])
      })
      await rm(join(dir, spec.name, 'manifest'), { recursive: true })
      await use(dir, spec, async (table) => {
        const { rows, expiredRows } = table.snapshot()
        assert.deepEqual([rows, expiredRows], [20, 20])
      })
    }),
    check('a record of the future does not keep its batch for ever', async (dir) => {
      await use(dir, { ...spec, maintenance: { retainMs: HOUR } }, async (table, clock) => {
        for (const number of [1, 2]) {
          const { ranges, rows } = tenRows(number, table)
          const future = rows.columns.map(({ name }, index) =>
            name === '_timestamp'
              ? Array.from({ length: rows.length }, () => clock.now() + 1_000 * HOUR)
              : rows.values[index]!,
          )
          await table.commit({ number, ranges, rows: { ...rows, values: future } })
        }
        assert.equal((await table.maintain()).expired, 0)
        clock.advance(2 * HOUR)
        await table.maintain()
        assert.equal(table.snapshot().expiredRows, 10)
      })
    }),
    check('the oldest batches go while the table is too big', async (dir) => {
      await use(dir, spec, async (table) => {
        for (let number = 1; number <= 6; number++) await table.commit(tenRows(number, table))
      })
      const bytes = 3.5 * 2_300
      const bounded: TableSpec = { ...spec, maintenance: { retainBytes: bytes } }
      await use(dir, bounded, async (table) => {
        await table.maintain()
        assert.ok(table.snapshot().bytes <= bytes)
        assert.ok(table.snapshot().files.length >= 2)
        const { rows, expiredRows } = table.snapshot()
        assert.equal(rows + expiredRows, 60)
        assert.deepEqual(await firstShown(harness, dir), { 0: expiredRows })
      })
    }),
    ...compactionSeams
      .filter((seam) => seam !== 'merged')
      .map((seam) =>
        check(`a retention ends at ${seam}`, async (dir) => {
          const bounded: TableSpec = { ...spec, maintenance: { retainBytes: 1 } }
          await use(dir, spec, async (table) => {
            for (const number of [1, 2, 3]) await table.commit(tenRows(number, table))
          })
          await stopAt(harness, dir, seam, 1, (table) => table.maintain(), bounded)
          await use(dir, bounded, async (table) => {
            await table.maintain()
            assert.equal(table.snapshot().rows, 10)
            assert.equal(table.snapshot().expiredRows, 20)
            assert.deepEqual(await firstShown(harness, dir), { 0: 20 })
            assert.deepEqual(await table.verify(), [])
          })
        }),
      ),
  ]
}

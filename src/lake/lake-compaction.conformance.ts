/** K6, and what changes over a table's life: columns and formats. */
import type { ConformanceCheck } from '../core/index.ts'
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { access, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LakeTable } from './lake.ts'
import {
  assertPrefix,
  batchOf,
  columns,
  range,
  readListing,
  spec,
  tenRows,
  withTable,
  type LakeHarness,
} from './lake-world.conformance.ts'

const TEN_MINUTES_MS = 10 * 60_000

export function compactionChecks(harness: LakeHarness): ConformanceCheck[] {
  const check = (guarantee: string, name: string, body: (dir: string) => Promise<void>) => ({
    guarantee,
    name,
    run: async () => body(await harness.makeDir()),
  })
  const fill = async (table: LakeTable, batches: number): Promise<void> => {
    for (let number = 1; number <= batches; number++) await table.commit(tenRows(number, table))
  }
  return [
    check('K6', 'a compaction keeps rows, order, ranges and batches', async (dir) => {
      await withTable(harness, dir, async (table) => {
        await fill(table, 5)
        assert.deepEqual(await table.compact(), { before: 5, after: 1 })
        const [file] = table.snapshot().files
        assert.deepEqual([file?.first, file?.last, file?.rows], [0, 49, 50])
        assert.deepEqual(file?.batches, [1, 5])
        assert.deepEqual(assertPrefix(await readListing(harness, dir)), { 0: 50 })
        assert.deepEqual(await table.verify(), [])
        assert.deepEqual(await table.compact(), { before: 0, after: 0 })
      })
    }),
    check('K6', 'a file of half the target or more is left alone', async (dir) => {
      await withTable(harness, dir, async (table) => {
        await table.commit(batchOf(1, [range(0, 0, 19_999)], table))
        await table.commit(batchOf(2, [range(0, 20_000, 20_009)], table))
        await table.commit(batchOf(3, [range(0, 20_010, 20_019)], table))
        const [big] = table.snapshot().files
        await table.compact({ targetBytes: big!.bytes })
        assert.deepEqual(
          table.snapshot().files.map(({ rows }) => rows),
          [20_000, 20],
        )
        assert.deepEqual(table.snapshot().files[0], big)
        assert.deepEqual(assertPrefix(await readListing(harness, dir)), { 0: 20_020 })
      })
    }),
    check('K6', 'a snapshot from before stays readable for ten minutes', async (dir) => {
      const clock = harness.makeClock()
      let paths: string[] = []
      const areThere = async (): Promise<boolean> =>
        Promise.all(paths.map((path) => access(path))).then(
          () => true,
          () => false,
        )
      await withTable(
        harness,
        dir,
        async (table) => {
          await fill(table, 3)
          const old = table.snapshot()
          paths = old.files.map((file) => old.path(file))
          await table.compact()
          clock.advance(TEN_MINUTES_MS - 1)
          assert.ok(await areThere())
          const rows = await Promise.all(paths.map((path) => harness.readRows(path)))
          assert.equal(rows.flat().length, 30)
        },
        clock,
      )
      await withTable(
        harness,
        dir,
        async () => {
          assert.ok(await areThere(), 'a restart does not shorten the ten minutes')
          clock.advance(1)
          while (await areThere()) await new Promise((resolve) => setImmediate(resolve))
        },
        clock,
      )
      await withTable(harness, dir, async (table) => assert.equal(table.snapshot().rows, 30), clock)
      assert.deepEqual(await readdir(join(dir, 'events', 'generations')), ['000002'])
    }),
    check('K6', 'commits go on while files are merged', async (dir) => {
      await withTable(harness, dir, async (table) => {
        await fill(table, 4)
        const compaction = table.compact()
        await table.commit(tenRows(5, table))
        await table.commit(tenRows(6, table))
        await compaction
        await table.commit(tenRows(7, table))
        assert.deepEqual(assertPrefix(await readListing(harness, dir)), { 0: 70 })
        assert.deepEqual(await table.verify(), [])
      })
    }),
    check(
      'K3',
      'a new column is null in older rows, and may be compacted with them',
      async (dir) => {
        await withTable(harness, dir, (table) => fill(table, 2))
        const lake = await harness.open({ dir, clock: harness.makeClock() })
        const added = { name: 'extra', type: 'text', nullable: false } as const
        const table = await lake.openTable({ ...spec, columns: [...columns, added] })
        const extra = table.columns.find(({ name }) => name === 'extra')
        assert.deepEqual(extra, { ...added, nullable: true })
        await table.commit(tenRows(3, table))
        await table.compact()
        assert.deepEqual(assertPrefix(await readListing(harness, dir)), { 0: 30 })
        await lake.close()
        await withTable(harness, dir, async (again) => {
          assert.deepEqual(again.columns, table.columns)
        })
      },
    ),
    check('K3', 'a changed type is refused and nothing is touched', async (dir) => {
      await withTable(harness, dir, (table) => fill(table, 1))
      const lake = await harness.open({ dir, clock: harness.makeClock() })
      const changed = columns.map((column) =>
        column.name === 'n' ? { ...column, type: 'text' as const } : column,
      )
      await assert.rejects(lake.openTable({ ...spec, columns: changed }), {
        code: 'LAKE_SCHEMA_CONFLICT',
      })
      await assert.rejects(
        lake.openTable({ ...spec, columns: [...columns, { ...columns[0]!, name: '_offset' }] }),
        { code: 'LAKE_SCHEMA_CONFLICT' },
      )
      assert.equal((await lake.openTable(spec)).snapshot().rows, 10)
      await lake.close()
    }),
    check('K3', 'a newer format is refused and nothing is touched', async (dir) => {
      await withTable(harness, dir, (table) => fill(table, 1))
      const folder = join(dir, 'events', 'manifest')
      const record = join(folder, (await readdir(folder)).toSorted().at(-1)!)
      const { state } = JSON.parse(await readFile(record, 'utf8')) as { state: object }
      const theirs = { ...state, format: 3 }
      const sha256 = createHash('sha256').update(JSON.stringify(theirs)).digest('hex')
      const newer = JSON.stringify({ sha256, state: theirs })
      await writeFile(record, newer)
      await writeFile(join(dir, 'events', 'temp', 'theirs'), '')
      const lake = await harness.open({ dir, clock: harness.makeClock() })
      await assert.rejects(lake.openTable(spec), { code: 'LAKE_FORMAT_NEWER' })
      await lake.close()
      assert.equal(await readFile(record, 'utf8'), newer)
      assert.deepEqual(await readdir(join(dir, 'events', 'temp')), ['theirs'])
    }),
  ]
}

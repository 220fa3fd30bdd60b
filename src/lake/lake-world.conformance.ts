/** What the checks of the lake share: a folder, rows whose content is known, and a reader that is not ours. */
import assert from 'node:assert/strict'
import { readdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import type { Cell, Clock, Column, ColumnarRows, OffsetRange } from '../core/index.ts'
import type { Failpoint } from './failpoint.ts'
import type { BatchCommit, Lake, LakeTable, TableSpec } from './lake.ts'

/** A clock that moves only when told to. */
export interface MovableClock extends Clock {
  advance(ms: number): void
}

export interface LakeHarness {
  /** A new, empty folder; the caller removes it. */
  makeDir(): Promise<string>
  makeClock(): MovableClock
  open(options: { dir: string; clock: Clock; failpoint?: Failpoint }): Promise<Lake>
  /** Rows of a Parquet file, by a reader that shares no code with the lake. */
  readRows(file: string): Promise<readonly ForeignRow[]>
}

export interface ForeignRow {
  readonly partition: number
  readonly offset: number
  readonly n: number
}

export const columns: readonly Column[] = [
  { name: 'n', type: 'integer', nullable: false },
  { name: 'label', type: 'text', nullable: true },
  { name: 'score', type: 'double', nullable: true },
]
export const spec: TableSpec = { name: 'events', topic: 'events', columns }
/** By a text with NULL, and by the hour of a time: six folders for each ten rows. */
export const partitionedSpec: TableSpec = {
  ...spec,
  partitionBy: [
    { name: 'hour', from: '_timestamp', unit: 'hour' },
    { name: 'label', from: 'label' },
  ],
}

/** The value that row (partition, offset) has in column n. */
export const valueAt = (partition: number, offset: number): number => partition * 1_000_000 + offset

const timeAt = (n: number): number => 1_700_000_000_000 + n

/** A batch whose rows are cells. */
export type CellCommit = BatchCommit & { readonly rows: ColumnarRows }

/** All offsets of the ranges but those in `missing`, which stand for dead letters. */
export function batchOf(
  number: number,
  ranges: readonly OffsetRange[],
  table: LakeTable,
  missing: readonly number[] = [],
): CellCommit {
  const places = ranges.flatMap(({ partition, first, last }) =>
    Array.from({ length: last - first + 1 }, (_, index) => ({ partition, offset: first + index })),
  )
  const kept = places.filter(({ offset }) => !missing.includes(offset))
  const cell = (name: string, { partition, offset }: (typeof kept)[number]): Cell => {
    const n = valueAt(partition, offset)
    if (name === 'n') return n
    if (name === 'label') return n % 3 === 0 ? null : `label ${n % 7}`
    if (name === 'score') return n / 8
    if (name === '_topic') return table.topic
    if (name === '_partition') return partition
    if (name === '_offset') return offset
    if (name === '_timestamp') return timeAt(n)
    if (name === 'hour') return new Date(timeAt(n)).toISOString().slice(0, 13)
    if (name === '_id') return `id-${n}`
    return null
  }
  const rows: ColumnarRows = {
    columns: table.columns,
    length: kept.length,
    values: table.columns.map(({ name }) => kept.map((place) => cell(name, place))),
  }
  return { number, ranges, rows }
}

export const range = (partition: number, first: number, last: number): OffsetRange => ({
  partition,
  first,
  last,
})

/** Batch k of a table with one partition: ten rows. */
export const tenRows = (number: number, table: LakeTable): CellCommit =>
  batchOf(number, [range(0, (number - 1) * 10, number * 10 - 1)], table)

/** Ten rows of partition 0 and five of partition 1. */
export const twoParts = (number: number, table: LakeTable): CellCommit =>
  batchOf(
    number,
    [range(0, (number - 1) * 10, number * 10 - 1), range(1, (number - 1) * 5, number * 5 - 1)],
    table,
  )

/** The rows of a plain listing, as a tool that knows nothing of manifests reads them. */
export async function readListing(
  harness: Pick<LakeHarness, 'readRows'>,
  dir: string,
): Promise<ReadonlyMap<number, readonly number[]>> {
  // The link is resolved once: then a switch does not change the folder under the reader.
  const folder = await realpath(join(dir, 'events', 'current'))
  const listed = await readdir(folder, { recursive: true })
  const names = listed.filter((name) => name.endsWith('.parquet')).toSorted()
  const offsets = new Map<number, number[]>()
  for (const name of names) {
    for (const row of await harness.readRows(join(folder, name))) {
      assert.equal(row.n, valueAt(row.partition, row.offset), `content of ${name}`)
      const known = offsets.get(row.partition) ?? []
      known.push(row.offset)
      offsets.set(row.partition, known)
    }
  }
  return offsets
}

/** Fails unless every partition has the offsets 0, 1, 2 … in order. Answers how many. */
export function assertPrefix(
  offsets: ReadonlyMap<number, readonly number[]>,
): Record<number, number> {
  for (const [partition, list] of offsets) {
    list.forEach((offset, index) => {
      assert.equal(offset, index, `partition ${partition}, row ${index} of the listing`)
    })
  }
  return Object.fromEntries([...offsets].map(([partition, list]) => [partition, list.length]))
}

/** Opens, runs, closes. */
export async function withTable(
  harness: LakeHarness,
  dir: string,
  use: (table: LakeTable, lake: Lake, clock: MovableClock) => Promise<void>,
  clock: MovableClock = harness.makeClock(),
  tableSpec: TableSpec = spec,
): Promise<void> {
  const lake = await harness.open({ dir, clock })
  try {
    await use(await lake.openTable(tableSpec), lake, clock)
  } finally {
    await lake.close()
  }
}

/** Starts `work` on a lake that stops for ever at the n-th time it comes to `seam`; resolves when it has. */
export async function stopAt(
  harness: LakeHarness,
  dir: string,
  seam: string,
  time: number,
  work: (table: LakeTable) => Promise<unknown>,
  tableSpec: TableSpec = spec,
): Promise<void> {
  let times = 0
  let stopped = (): void => {}
  const isStopped = new Promise<void>((resolve) => (stopped = resolve))
  let isArmed = false
  const lake = await harness.open({
    dir,
    clock: harness.makeClock(),
    failpoint: (name) => {
      if (!isArmed || name !== seam || ++times !== time) return undefined
      stopped()
      return new Promise<never>(() => {})
    },
  })
  const table = await lake.openTable(tableSpec)
  isArmed = true
  await Promise.race([
    isStopped,
    work(table).then(() => assert.fail(`the work ended without coming to ${seam} ${time} times`)),
  ])
}

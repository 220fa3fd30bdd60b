/**
 * B1, first form: a sink under a storm of SIGKILL while a foreign reader lists the folder. At every look the rows of each
 * partition are a duplicate-free, gap-free prefix of the log; at the end they are the log (promises P2, P5, P8, P9). With
 * partition columns (day and kind) a batch is several files: a plain listing never shows a row twice, by the manifest it is a
 * prefix, and at the end a reader that trusts the folders' names (`hive_partitioning`) agrees.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readDeadLetter, silentLogger, systemClock } from '../../src/core/index.ts'
import { createRandom } from '../../src/kernels/index.ts'
import { partitionedCommitSeams } from '../../src/lake/failpoint.ts'
import { openLake } from '../../src/lake/index.ts'
import { openLog } from '../../src/log/index.ts'
import { openSqlEngine } from '../../src/sql/index.ts'
import { FAILPOINTS } from '../../src/stream/index.ts'

const CHILD = fileURLToPath(new URL('conveyor-child.mjs', import.meta.url))
const TOPIC = 'numbers'
const PARTITIONS = 4
const isBad = (n: number): boolean => n % 97 === 0

let dir: string
let children: ChildProcess[] = []

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'millrace-conveyor-'))
})
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL')
  children = []
  await rm(dir, { recursive: true, force: true })
})

interface Run {
  readonly child: ChildProcess
  readonly opened: Promise<unknown>
  readonly ended: Promise<unknown>
}

type Layout = 'plain' | 'folders'

function startChild(layout: Layout, total: number, failpoint = '-', passes = 0): Run {
  const child = fork(CHILD, [dir, String(total), failpoint, String(passes), layout], {
    stdio: 'inherit',
  })
  children.push(child)
  const ended = once(child, 'exit')
  const opened = new Promise((resolve, reject) => {
    child.on('message', (message: { type: string }) => {
      if (message.type === 'open') resolve(undefined)
    })
    void ended.then(() => reject(new Error('the child ended before it was open')))
  })
  opened.catch(() => {})
  return { child, opened, ended }
}

const current = (): string => join(dir, 'lake', TOPIC, 'current')

/** Offsets by partition of the files, in their order. */
async function readFiles(names: readonly string[]): Promise<number[][]> {
  const found: number[][] = Array.from({ length: PARTITIONS }, () => [])
  for (const name of names) {
    const file = await asyncBufferFromFile(join(current(), name))
    for (const row of await parquetReadObjects({ file, compressors })) {
      expect(Number(row['n'])).toBe(Number(row['_offset']) * PARTITIONS + Number(row['_partition']))
      found[Number(row['_partition'])]?.push(Number(row['_offset']))
    }
  }
  return found
}

const listed = async (): Promise<string[]> => {
  const names = await readdir(current(), { recursive: true }).catch((): string[] => [])
  return names.filter((one) => one.endsWith('.parquet')).toSorted()
}

/** Offsets by partition, ascending, each once: of a plain listing and, of several files a batch, of the newest manifest. */
async function look(layout: Layout): Promise<number[][]> {
  const found = await readFiles(await listed())
  if (layout === 'plain') {
    expectPrefix(found)
    return found
  }
  const sorted = found.map((offsets) => offsets.toSorted((a, b) => a - b))
  for (const [partition, offsets] of sorted.entries())
    expect(new Set(offsets).size, `a row of partition ${partition} is there twice`).toBe(
      offsets.length,
    )
  const committed = await readFiles(await committedFiles())
  expectPrefix(committed.map((offsets) => offsets.toSorted((a, b) => a - b)))
  return sorted
}

async function committedFiles(): Promise<string[]> {
  const folder = join(dir, 'lake', TOPIC, 'manifest')
  const records = await readdir(folder).catch((): string[] => [])
  const newest = records
    .filter((name) => name.endsWith('.json'))
    .toSorted()
    .at(-1)
  if (newest === undefined) return []
  const { state } = JSON.parse(await readFile(join(folder, newest), 'utf8')) as {
    state: { files: { name: string }[] }
  }
  return state.files.map(({ name }) => name)
}

/** No partition has fewer rows than at an earlier look. */
function expectForwards(
  before: readonly (readonly number[])[],
  now: readonly (readonly number[])[],
) {
  for (const [partition, offsets] of before.entries())
    expect(now[partition]?.length).toBeGreaterThanOrEqual(offsets.length)
}

/** The offsets of good records below the highest one that is there, each once. */
function expectPrefix(found: readonly (readonly number[])[]): void {
  for (const [partition, offsets] of found.entries()) {
    const end = (offsets.at(-1) ?? -1) + 1
    const wanted = Array.from({ length: end }, (_, offset) => offset).filter(
      (offset) => !isBad(offset * PARTITIONS + partition),
    )
    expect(offsets).toEqual(wanted)
  }
}

async function expectWhole(layout: Layout, total: number): Promise<void> {
  const found = await look(layout)
  expectPrefix(found)
  const log = await openLog({ dir: join(dir, 'log') })
  const lake = await openLake({ dir: join(dir, 'lake'), clock: systemClock, logger: silentLogger })
  const letters: number[] = []
  for await (const { records } of log.read(`${TOPIC}.dead-letters`, 0, 0)) {
    for (const { headers, value } of records) {
      const { partition = -1, offset = -1 } = readDeadLetter(headers) ?? {}
      const n = offset * PARTITIONS + partition
      expect(Buffer.from(value ?? []).toString()).toBe(`bad ${n}`)
      letters.push(n)
    }
  }
  const bad = Array.from({ length: total }, (_, n) => n).filter(isBad)
  expect(letters.toSorted((a, b) => a - b)).toEqual(bad)
  expect(found.flat().length + letters.length).toBe(total)
  const columns = [
    { name: 'n', type: 'integer', nullable: false },
    { name: 'kind', type: 'text', nullable: true },
    { name: 'at', type: 'integer', nullable: false },
  ] as const
  const partitionBy =
    layout === 'folders'
      ? ([
          { name: 'day', from: 'at', unit: 'day' },
          { name: 'kind', from: 'kind' },
        ] as const)
      : []
  const table = await lake.openTable({ name: TOPIC, topic: TOPIC, columns, partitionBy })
  expect(await table.verify()).toEqual([])
  await lake.close()
  await log.close()
  if (layout === 'folders') await expectFoldersAgree(total)
}

/** What a reader of the plain folders that trusts their names sees: each row once, in the day of its time. */
async function expectFoldersAgree(total: number): Promise<void> {
  const engine = await openSqlEngine()
  const { rows } = await engine.query(`
    select count(*)::int, count(distinct n)::int,
      count_if(day = strftime(make_timestamp("at" * 1000), '%Y-%m-%d'))::int,
      count_if(kind is not distinct from case when n % 3 <> 0 then 'k/' || (n % 2) end)::int,
      list(distinct day order by day)
    from read_parquet('${await realpath(current())}/**/*.parquet', hive_partitioning = true,
      hive_types = {'day': VARCHAR, 'kind': VARCHAR})`)
  await engine.close()
  const good = Array.from({ length: total }, (_, n) => n).filter((n) => !isBad(n)).length
  const days = ['2018-12-29', '2018-12-30', '2018-12-31', '2019-01-01', '2019-01-02']
  expect(rows).toEqual([[good, good, good, good, days]])
}

test.each(['plain', 'folders'] as const)(
  'P2, P3: a sink that is killed again and again leaves each record once, at every look, in %s',
  async (layout) => {
    const seed = Math.floor(Math.random() * 2 ** 31)
    process.stdout.write(`conveyor: ${layout}, seed ${seed}\n`)
    const random = createRandom(seed)
    const total = 20_000
    let looks = 0
    const done = new AbortController()
    const looking = (async () => {
      let before: number[][] = []
      while (!done.signal.aborted) {
        const now = await look(layout)
        expectForwards(before, now)
        before = now
        looks++
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    })()
    looking.catch(() => {})
    const kills = 6
    for (let round = 0; round < kills; round++) {
      // Part of the rows each time, so that there is something left for the next run to read while it recovers.
      const rows = PARTITIONS * Math.ceil((total * (round + 1)) / (kills + 1) / PARTITIONS)
      const run = startChild(layout, rows)
      await run.opened
      await new Promise((resolve) => setTimeout(resolve, 20 + random.int(400)))
      run.child.kill('SIGKILL')
      await run.ended
    }
    await startChild(layout, total).ended
    done.abort()
    await looking
    expect(looks).toBeGreaterThan(3)
    await expectWhole(layout, total)
    process.stdout.write(`conveyor: ${kills} kills, ${looks} looks, ${total} events\n`)
  },
  90_000,
)

/** With several files, the lake's own seams strike in the middle of them. */
const strikes = [
  ...FAILPOINTS.map((failpoint) => ['plain', failpoint, 1] as const),
  ...partitionedCommitSeams.map(
    (seam) => ['folders', seam, /folder-synced|manifest/.test(seam) ? 1 : 30] as const,
  ),
]

test.each(strikes)(
  'P5: in %s, killed at "%s" of a batch, the next start needs no help',
  async (layout, failpoint, passes) => {
    const run = startChild(layout, 4_000, failpoint, passes)
    await run.ended
    expect(run.child.signalCode).toBe('SIGKILL')
    const before = await look(layout)
    await startChild(layout, 4_000).ended
    expectForwards(before, await look(layout))
    await expectWhole(layout, 4_000)
  },
  60_000,
)

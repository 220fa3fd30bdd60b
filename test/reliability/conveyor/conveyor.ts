/**
 * The world of the B tests: a data folder, children that work in it (child.ts), a foreign reader that lists the lake, and the
 * comparison of both with what the log must hold. Whatever is wrong is thrown as an anomaly.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { readDeadLetter, silentLogger, systemClock } from '../../../src/core/index.ts'
import { openLake } from '../../../src/lake/index.ts'
import { openLog } from '../../../src/log/index.ts'
import { openSqlEngine } from '../../../src/sql/index.ts'
import { Anomaly } from '../anomaly.ts'
import { partitionByOf, type ChildMessage, type ChildOptions, type Layout } from './child.ts'
import { bytesOf, COLUMNS, DAYS, isBad, kindOf, numberAt, PARTITIONS, TOPIC } from './events.ts'

const CHILD = fileURLToPath(new URL('child.ts', import.meta.url))

/** A child that works longer than this at what it was told waits for something that does not come. */
const ENDS_WITHIN_MS = 60_000

export interface Run {
  readonly child: ChildProcess
  /** The sink is open: what an earlier run left is finished. */
  readonly opened: Promise<void>
  /** It halted where it was to. */
  readonly struck: Promise<void>
  /** Resolves to whether everything it was told is done; it may have been killed. Throws the anomaly `stuck`. */
  readonly ended: Promise<boolean>
  kill(): Promise<void>
}

/** Offsets by partition. */
export type Offsets = readonly (readonly number[])[]

export interface Conveyor {
  readonly dir: string
  readonly layout: Layout
  start(options?: Partial<ChildOptions>): Run
  /** Runs to the end. Throws the anomaly `unopenable` when it does not get there. */
  finish(options?: Partial<ChildOptions>): Promise<void>
  /**
   * What a foreign reader finds now: of a table without folders a duplicate-free, gap-free prefix of each partition, of one
   * with folders that by the newest manifest, and never a row twice by a listing.
   */
  look(): Promise<Offsets>
  /** Rows and letters are the log's first `total` events, each once, and the lake finds no damage in itself. */
  assertWhole(total: number): Promise<void>
  /** Every row of the newest manifest. */
  rows(): Promise<readonly Row[]>
  /** Name and digest of every file that a listing shows. */
  digests(): Promise<string[]>
}

export type Row = Readonly<Record<string, unknown>>

export function createConveyor(dir: string, layout: Layout): Conveyor {
  const readRows = createRowReader()
  const tableDir = join(dir, 'lake', TOPIC)

  /** Below the folder that `current` points to at this moment. */
  const listed = async (): Promise<string[]> => {
    const folder = await realpath(join(tableDir, 'current')).catch(() => undefined)
    if (folder === undefined) return []
    const names = await readdir(folder, { recursive: true })
    return names
      .filter((one) => one.endsWith('.parquet'))
      .toSorted()
      .map((name) => join(folder, name))
  }

  const committed = async (): Promise<string[]> => {
    const folder = join(tableDir, 'manifest')
    const records = await readdir(folder).catch((): string[] => [])
    const newest = records.filter((name) => /^\d+\.json$/.test(name)).toSorted()
    if (newest.length === 0) return []
    const { state } = JSON.parse(await readFile(join(folder, newest.at(-1)!), 'utf8')) as {
      state: { generation: number; files: { name: string }[] }
    }
    const generation = join(tableDir, 'generations', String(state.generation).padStart(6, '0'))
    return state.files.map(({ name }) => join(generation, name))
  }

  const start = (options: Partial<ChildOptions> = {}): Run =>
    startChild({ dir, layout, columns: COLUMNS, policy: { rows: 100_000 }, steps: [], ...options })

  const look = async (): Promise<Offsets> => {
    const found = offsetsOf(await readRows(await listed()))
    if (layout === 'plain') {
      assertPrefix(found)
      return found
    }
    const sorted = found.map((offsets) => offsets.toSorted((a, b) => a - b))
    for (const [partition, offsets] of sorted.entries()) {
      const again = offsets.find((offset, at) => offset === offsets[at - 1])
      if (again !== undefined)
        throw new Anomaly('duplicate', `${partition}/${again} is listed twice`)
    }
    const manifest = offsetsOf(await readRows(await committed()))
    assertPrefix(manifest.map((offsets) => offsets.toSorted((a, b) => a - b)))
    return sorted
  }

  return {
    dir,
    layout,
    start,
    async finish(options) {
      const run = start(options)
      if (!(await run.ended)) throw new Anomaly('unopenable', 'a start did not come to its end')
    },
    look,
    async assertWhole(total) {
      const found = await look()
      const letters = await assertLetters(dir, total)
      const rows = found.flat().length
      if (rows + letters !== total)
        throw new Anomaly('lost', `${rows} rows and ${letters} letters of ${total} events`)
      await assertVerified(dir, layout)
      if (layout === 'folders') await assertFoldersAgree(tableDir, total)
    },
    rows: async () => readRows(await committed()),
    async digests() {
      const paths = await listed()
      return Promise.all(
        paths.map(async (path) => {
          const sha256 = createHash('sha256')
            .update(await readFile(path))
            .digest('hex')
          return `${path.slice(path.indexOf('generations') + 'generations/000001/'.length)} ${sha256}`
        }),
      )
    },
  }
}

function startChild(options: ChildOptions): Run {
  const child = fork(CHILD, [JSON.stringify(options)], {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let said = ''
  child.stderr?.on('data', (bytes: Buffer) => (said += bytes.toString()))
  const exited = once(child, 'exit')
  const seen = new Set<ChildMessage['type']>()
  child.on('message', ({ type }: ChildMessage) => seen.add(type))
  const message = (type: ChildMessage['type']): Promise<void> => {
    const told = new Promise<void>((resolve) => {
      child.on('message', (one: ChildMessage) => one.type === type && resolve())
    })
    const failed = exited.then(() => {
      if (seen.has(type)) return
      throw new Anomaly('unopenable', `the sink ended before it was ${type}: ${said.slice(-2_000)}`)
    })
    const either = Promise.race([told, failed])
    // Whoever does not ask need not know.
    either.catch(() => {})
    return either
  }
  const timer = setTimeout(() => child.kill('SIGKILL'), ENDS_WITHIN_MS)
  const began = performance.now()
  const ended = exited.then(() => {
    clearTimeout(timer)
    if (performance.now() - began >= ENDS_WITHIN_MS)
      throw new Anomaly('stuck', `the sink was not done after ${ENDS_WITHIN_MS} ms`)
    if (!seen.has('done') && child.signalCode === null)
      throw new Anomaly('unopenable', `the sink ended: ${said.slice(-2_000)}`)
    return seen.has('done')
  })
  ended.catch(() => {})
  return {
    child,
    opened: message('open'),
    struck: message('struck'),
    ended,
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

/** Files do not change under a name, so each is read once; one that has changed is read again. */
function createRowReader(): (paths: readonly string[]) => Promise<Row[]> {
  const known = new Map<string, Row[]>()
  return async (paths) => {
    const all: Row[] = []
    for (const path of paths) {
      const { ino, size, mtimeMs } = await stat(path)
      const key = `${path} ${ino} ${size} ${mtimeMs}`
      const rows = known.get(key) ?? (await readFileRows(path))
      known.set(key, rows)
      all.push(...rows)
    }
    return all
  }
}

async function readFileRows(path: string): Promise<Row[]> {
  let rows: Row[]
  try {
    rows = await parquetReadObjects({ file: await asyncBufferFromFile(path), compressors })
  } catch (error) {
    throw new Anomaly('torn', `${path} cannot be read: ${String(error)}`)
  }
  for (const row of rows) {
    const n = numberAt(Number(row['_partition']), Number(row['_offset']))
    if (Number(row['n']) !== n) throw new Anomaly('changed', `${path} holds ${String(row['n'])}`)
    if ((row['kind'] ?? undefined) !== kindOf(n))
      throw new Anomaly('changed', `${path} says that ${n} is of kind ${String(row['kind'])}`)
  }
  return rows
}

function offsetsOf(rows: readonly Row[]): number[][] {
  const found: number[][] = Array.from({ length: PARTITIONS }, () => [])
  for (const row of rows) found[Number(row['_partition'])]?.push(Number(row['_offset']))
  return found
}

/** The offsets of good events below the highest one that is there, each once. */
function assertPrefix(found: Offsets): void {
  for (const [partition, offsets] of found.entries()) {
    let next = 0
    for (const offset of offsets) {
      while (isBad(numberAt(partition, next))) next++
      if (offset < next) throw new Anomaly('duplicate', `${partition}/${offset} after ${next - 1}`)
      if (offset > next) throw new Anomaly('gap', `${partition}/${next} is missing`)
      next++
    }
  }
}

/** No partition has fewer rows than at an earlier look. */
export function assertForwards(before: Offsets, now: Offsets): void {
  for (const [partition, offsets] of before.entries()) {
    const count = now[partition]?.length ?? 0
    if (count < offsets.length)
      throw new Anomaly('lost', `partition ${partition} had ${offsets.length} rows, now ${count}`)
  }
}

/** Every bad event is a dead letter once, with its bytes; answers how many there are. */
async function assertLetters(dir: string, total: number): Promise<number> {
  const log = await openLog({ dir: join(dir, 'log'), cleanIntervalMs: 0 })
  const found = new Set<number>()
  try {
    const topics = await log.topics()
    if (topics.some(({ name }) => name === `${TOPIC}.dead-letters`)) {
      for await (const { records } of log.read(`${TOPIC}.dead-letters`, 0, 0)) {
        for (const { headers, value } of records) {
          const { partition = -1, offset = -1 } = readDeadLetter(headers) ?? {}
          const n = numberAt(partition, offset)
          if (found.has(n)) throw new Anomaly('duplicate', `event ${n} is a dead letter twice`)
          if (!isBad(n)) throw new Anomaly('phantom', `event ${n} is a dead letter`)
          if (Buffer.compare(value ?? Buffer.alloc(0), bytesOf(n)) !== 0)
            throw new Anomaly('changed', `the letter of event ${n} has other bytes`)
          found.add(n)
        }
      }
    }
  } finally {
    await log.close()
  }
  const bad = Array.from({ length: total }, (_, n) => n).filter(isBad)
  const missing = bad.find((n) => !found.has(n))
  if (missing !== undefined) throw new Anomaly('lost', `event ${missing} is neither row nor letter`)
  return found.size
}

async function assertVerified(dir: string, layout: Layout): Promise<void> {
  const lake = await openLake({ dir: join(dir, 'lake'), clock: systemClock, logger: silentLogger })
  try {
    const spec = { name: TOPIC, topic: TOPIC, columns: COLUMNS, partitionBy: partitionByOf(layout) }
    const [problem] = await (await lake.openTable(spec)).verify()
    if (problem !== undefined) throw new Anomaly('changed', `${problem.file}: ${problem.problem}`)
  } finally {
    await lake.close()
  }
  const left = await readdir(join(dir, 'lake', TOPIC, 'temp'))
  if (left.length > 0) throw new Anomaly('phantom', `${left[0]} was left in the folder temp`)
}

/** What a reader of the plain folders that trusts their names sees: each row once, in the day of its time. */
async function assertFoldersAgree(tableDir: string, total: number): Promise<void> {
  const current = await realpath(join(tableDir, 'current'))
  const engine = await openSqlEngine()
  const { rows } = await engine.query(`
    select count(*)::int, count(distinct n)::int,
      count_if(day = strftime(make_timestamp("at" * 1000), '%Y-%m-%d'))::int,
      count_if(kind is not distinct from case when n % 3 <> 0 then 'k/' || (n % 2) end)::int,
      array_to_string(list(distinct day order by day), ' ')
    from read_parquet('${current}/**/*.parquet', hive_partitioning = true, union_by_name = true,
      hive_types = {'day': VARCHAR, 'kind': VARCHAR})`)
  await engine.close()
  const good = Array.from({ length: total }, (_, n) => n).filter((n) => !isBad(n)).length
  const wanted = JSON.stringify([good, good, good, good, DAYS.join(' ')])
  const found = JSON.stringify(rows[0])
  if (found !== wanted) throw new Anomaly('changed', `by folders: ${found}, not ${wanted}`)
}

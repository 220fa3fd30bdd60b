/**
 * A7, the lake's part: one stored file of a closed table is damaged; opened again, the table refuses it by name or does without
 * it, and never gives anything else out. What it did without is committed again, as the sink does, and then it is whole.
 */
import { chmod, cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { isMillraceError, silentLogger, sqlText, systemClock } from '../../src/core/index.ts'
import { createRandom, type Random } from '../../src/kernels/index.ts'
import { openLake, type LakeTable } from '../../src/lake/index.ts'
import { partitionedSpec, spec, twoParts, valueAt } from '../../src/lake/lake-world.conformance.ts'
import { openSqlEngine } from '../../src/sql/index.ts'
import { Anomaly } from './anomaly.ts'

/** The last three are those of H16: a wrong magic number, a length of terabytes, a file that somebody else wrote. */
export const LAKE_ROT_KINDS = [
  'flip', 'cut', 'zero', 'swap', 'stale', 'magic', 'length', 'foreign',
] as const // prettier-ignore
export type LakeRotKind = (typeof LAKE_ROT_KINDS)[number]

const BATCHES = 4
const PAGE_BYTES = 4_096

export interface LakeRot {
  /** One round; answers how the damage was told. Throws the anomaly when it was not. */
  round(kind: LakeRotKind): Promise<string>
  close(): Promise<void>
}

export async function openLakeRot(seed: number): Promise<LakeRot> {
  const random = createRandom(seed)
  const root = await mkdtemp(join(tmpdir(), 'millrace-a7-lake-'))
  await write(join(root, 'whole'), join(root, 'stale'))
  await writeForeign(join(root, 'foreign'))
  return {
    async round(kind) {
      const dir = join(root, 'rotten')
      await cp(join(root, 'whole'), dir, { recursive: true, verbatimSymlinks: true })
      try {
        const file = await damage(kind, dir, join(root, 'stale'), random)
        try {
          return await readBack(dir)
        } catch (error) {
          throw error instanceof Anomaly
            ? new Anomaly(error.anomaly, `${kind} of ${file}: ${error.message}`)
            : new Anomaly('unopenable', `${kind} of ${file}: ${String(error)}`)
        }
      } finally {
        await rm(dir, { recursive: true, force: true })
      }
    },
    close: () => rm(root, { recursive: true, force: true }),
  }
}

/** A Parquet file of DuckDB's own, with a column that no table here has. */
async function writeForeign(path: string): Promise<void> {
  const engine = await openSqlEngine()
  await engine.run(
    `COPY (SELECT range AS other FROM range(10)) TO ${sqlText(path)} (FORMAT parquet)`,
  )
  await engine.close()
}

const SPECS = [spec, { ...partitionedSpec, name: 'folders' }]

/** Two tables, one of them in folders; half-way a copy is set aside as what is stale. */
async function write(dir: string, stale: string): Promise<void> {
  for (const until of [BATCHES / 2, BATCHES]) {
    const lake = await openLake({ dir, clock: systemClock, logger: silentLogger })
    for (const one of SPECS) {
      const table = await lake.openTable(one)
      await commitUpTo(table, until)
    }
    await lake.close()
    if (until < BATCHES) await cp(dir, stale, { recursive: true, verbatimSymlinks: true })
  }
}

async function commitUpTo(table: LakeTable, until: number): Promise<void> {
  for (let number = table.snapshot().lastBatch + 1; number <= until; number++)
    await table.commit(twoParts(number, table))
}

async function damage(
  kind: LakeRotKind,
  dir: string,
  stale: string,
  random: Random,
): Promise<string> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1))
    .toSorted()
  const pick = (): string => files[random.int(files.length)]!
  const file = pick()
  const path = join(dir, file)
  const bytes = await readFile(path)
  const put = async (to: string, content: Uint8Array): Promise<void> => {
    await chmod(to, 0o644)
    await writeFile(to, content)
  }
  const at = random.int(Math.max(1, bytes.length))
  if (kind === 'magic' || kind === 'length') await put(path, hostile(kind, bytes))
  else if (kind === 'foreign') await put(path, await readFile(join(dirname(stale), 'foreign')))
  else if (kind === 'cut') await put(path, bytes.subarray(0, at))
  else if (kind === 'stale') {
    // The file of that name as it was, or, for a name that is new, an older one of its folder.
    const older = await readdir(join(stale, dirname(file))).catch((): string[] => [])
    const name = older[random.int(Math.max(1, older.length))]
    const before = name === undefined ? undefined : join(stale, dirname(file), name)
    await put(path, before === undefined ? bytes : await readFile(before).catch(() => bytes))
  } else if (kind === 'swap') {
    const other = join(dir, pick())
    await put(path, await readFile(other))
    await put(other, bytes)
  } else {
    const start = at - (at % PAGE_BYTES)
    if (kind === 'flip') bytes[at]! ^= 1 << random.int(8)
    else bytes.fill(0, start, Math.min(bytes.length, start + PAGE_BYTES))
    await put(path, bytes)
  }
  return file
}

/** Of a Parquet file the magic number at both ends, or the length of its footer; of a record its first letters or numbers. */
function hostile(kind: 'magic' | 'length', bytes: Buffer): Uint8Array {
  const changed = Buffer.from(bytes)
  const isParquet = bytes.subarray(-4).toString('latin1') === 'PAR1'
  if (!isParquet) {
    const text = bytes.toString('latin1')
    const long = text.replaceAll(/:\d+/g, `:${2 ** 40}`)
    return Buffer.from(kind === 'magic' ? `[]${text.slice(2)}` : long, 'latin1')
  }
  if (kind === 'magic') for (const at of [0, bytes.length - 4]) changed.write('PAR0', at, 'latin1')
  else changed.writeUInt32LE(0x7fff_ffff, bytes.length - 8)
  return changed
}

async function readBack(dir: string): Promise<string> {
  const lake = await openLake({ dir, clock: systemClock, logger: silentLogger })
  try {
    let told = 'no effect'
    for (const one of SPECS) {
      const table = await lake.openTable(one)
      if (table.snapshot().lastBatch < BATCHES) told = 'written again'
      await commitUpTo(table, BATCHES)
      const snapshot = table.snapshot()
      const problem = await table.check(snapshot).catch((error: unknown) => error)
      if (problem !== undefined) {
        if (!isMillraceError(problem, 'LAKE_CORRUPT')) throw problem
        told = 'LAKE_CORRUPT'
        if ((await table.verify()).length === 0)
          throw new Anomaly('changed', 'verify finds nothing')
        continue
      }
      await assertWhole(table)
    }
    return told
  } finally {
    await lake.close()
  }
}

/** Every row of four batches once, with its own values. */
async function assertWhole(table: LakeTable): Promise<void> {
  const snapshot = table.snapshot()
  const found = new Set<string>()
  for (const one of snapshot.files) {
    const file = await asyncBufferFromFile(snapshot.path(one))
    for (const row of await parquetReadObjects({ file, compressors })) {
      const [partition, offset] = [Number(row['_partition']), Number(row['_offset'])]
      const n = valueAt(partition, offset)
      if (Number(row['n']) !== n || row['score'] !== n / 8 || row['_id'] !== `id-${n}`)
        throw new Anomaly('changed', `${table.name}/${partition}/${offset}`)
      const place = `${partition}/${offset}`
      if (found.has(place)) throw new Anomaly('duplicate', `${table.name}/${place}`)
      found.add(place)
    }
  }
  if (found.size !== BATCHES * 15) throw new Anomaly('lost', `${table.name} has ${found.size} rows`)
}

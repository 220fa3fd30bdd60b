/**
 * A table whose whole manifest is lost, from its files alone: names give the ranges, each file's own metadata its batch.
 * Kept is what is certain: for each partition files without a gap, and of the batches those that are complete. The rest is
 * set aside, not removed, because without a manifest nobody knows what was committed.
 */
import { readdir, readlink, rename } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { OffsetRange } from '../core/index.ts'
import { inOrder } from './compaction.ts'
import { listFiles, makeFolderOf, syncFoldersOf } from './data-folders.ts'
import { digestFile, makeFolder } from './durable-files.ts'
import { FACTS_KEY, type DataFileFacts } from './file-facts.ts'
import type { LakeFile } from './lake.ts'
import { parseFileName } from './layout.ts'
import type { TableState } from './manifest.ts'
import { samePartitions } from './partition-columns.ts'
import { countRows, readFact, sizeOf } from './parquet-writer.ts'
import type { TableContext } from './table-context.ts'

export interface FoundFile {
  readonly file: LakeFile
  readonly facts: DataFileFacts
}

type Rebuilt = Pick<TableState, 'generation' | 'lastBatch' | 'ends' | 'files'> &
  Partial<Pick<TableState, 'columns' | 'partitionBy' | 'expiredRows'>>

/** Undefined when there is no file to rebuild from. */
export async function rebuildState(context: TableContext): Promise<Rebuilt | undefined> {
  const { layout, logger } = context
  const generation = await shownGeneration(context)
  if (generation === undefined) return undefined
  const folder = layout.generation(generation)
  const names = await listFiles(folder)
  if (names.length === 0) return undefined
  const found: FoundFile[] = []
  for (const name of names) {
    const file = await inspectFile(context, folder, name)
    if (file) found.push(file)
  }
  const kept = context.partitionBy.length > 0 ? certainBatches(found) : certainFiles(found)
  const keptNames = new Set(kept.map(({ file }) => file.name))
  const others = names.filter((name) => !keptNames.has(name))
  await setFilesAside(context, folder, others)
  logger.error(
    { table: context.name, files: kept.length, setAside: others },
    'The manifest of a table was lost; it was rebuilt from the files.',
  )
  const newest = kept.toSorted((a, b) => a.file.batches[1] - b.file.batches[1]).at(-1)
  const oldest = kept.toSorted((a, b) => a.file.batches[0] - b.file.batches[0])[0]
  // Retention takes whole batches, oldest first: what was there before the oldest one is what it took.
  const expiredRows = oldest?.facts.before?.rows ?? 0
  return {
    ...(newest && { columns: newest.facts.columns, partitionBy: context.partitionBy }),
    generation,
    lastBatch: Math.max(0, ...kept.map(({ file }) => file.batches[1])),
    ends: endsOf(kept),
    ...(expiredRows > 0 && { expiredRows }),
    files: kept.map(({ file }) => file),
  }
}

/** Of partitions, too, whose files retention has all taken. */
function endsOf(kept: readonly FoundFile[]): [partition: number, end: number][] {
  const ends = new Map<number, number>()
  const reached = (partition: number, end: number): void =>
    void ends.set(partition, Math.max(end, ends.get(partition) ?? 0))
  for (const { file, facts } of kept) {
    reached(file.partition, file.last + 1)
    for (const [partition, end] of facts.before?.ends ?? []) reached(partition, end)
  }
  return [...ends].toSorted(([a], [b]) => a - b)
}

async function shownGeneration({ layout }: TableContext): Promise<number | undefined> {
  const linked = await readlink(layout.current).catch(() => undefined)
  if (linked !== undefined) return Number(basename(linked))
  const newest = (await readdir(layout.generationsDir)).toSorted().at(-1)
  return newest === undefined ? undefined : Number(newest)
}

/** What a data file says of itself; undefined when it is none of ours or cannot be read. */
export async function inspectFile(
  { engine, logger, partitionBy }: TableContext,
  folder: string,
  name: string,
): Promise<FoundFile | undefined> {
  const range = parseFileName(name)
  if (!range) return undefined
  const path = join(folder, name)
  try {
    const text = await readFact(engine, path, FACTS_KEY)
    if (text === undefined) return undefined
    const facts = JSON.parse(text) as DataFileFacts
    if (!samePartitions(facts.partitionBy ?? [], partitionBy)) return undefined
    const rows = await countRows(engine, path)
    const [bytes, sha256] = [await sizeOf(path), await digestFile(path)]
    return { file: { name, ...range, rows, bytes, sha256, batches: facts.batches }, facts }
  } catch (error) {
    logger.error({ file: path, error }, 'A data file cannot be read.')
    return undefined
  }
}

function certainFiles(found: readonly FoundFile[]): FoundFile[] {
  const files = inOrder(found.map(({ file }) => file))
  const ranges = new Map(found.map(({ file, facts }) => [file.name, facts.ranges ?? []]))
  const isThere = (wanted: OffsetRange): boolean =>
    files.some(
      ({ partition, first, last }) =>
        partition === wanted.partition && first <= wanted.first && last >= wanted.last,
    )
  const doubtful = files.filter((file, index) => {
    const previous = files[index - 1]
    const follows = previous?.partition !== file.partition || previous.last + 1 === file.first
    return !follows || !ranges.get(file.name)?.every(isThere)
  })
  const firstDoubtful = Math.min(Infinity, ...doubtful.map(({ batches }) => batches[0]))
  const kept = new Map(found.map((each) => [each.file.name, each]))
  return files.flatMap(({ name, batches }) => (batches[1] < firstDoubtful ? [kept.get(name)!] : []))
}

/** With partition columns: the batches of which every file is there, up to the first that lacks one. */
function certainBatches(found: readonly FoundFile[]): FoundFile[] {
  const missing = new Map<number, number>()
  for (const { facts } of found) {
    for (const [batch, files] of facts.files ?? [])
      missing.set(batch, (missing.get(batch) ?? files) - 1)
  }
  const numbers = [...missing.keys()].toSorted((a, b) => a - b)
  const isDoubtful = (batch: number, index: number): boolean =>
    missing.get(batch) !== 0 || batch !== numbers[0]! + index
  let end = numbers.find(isDoubtful) ?? Infinity
  // A merged file that reaches over the end goes with all of its batches.
  for (let before = Infinity; before !== end;) {
    before = end
    for (const { file } of found) {
      const [first, last] = file.batches
      if (last >= end && first < end) end = first
    }
  }
  const kept = new Map(found.map((each) => [each.file.name, each]))
  return inOrder(found.map(({ file }) => file)).flatMap(({ name, batches }) =>
    batches[1] < end && kept.get(name)?.facts.files ? [kept.get(name)!] : [],
  )
}

async function setFilesAside(
  { layout }: TableContext,
  folder: string,
  names: readonly string[],
): Promise<void> {
  if (names.length === 0) return
  const aside = join(layout.dir, 'set-aside')
  await makeFolder(aside)
  for (const name of names) {
    await makeFolderOf(aside, name)
    await rename(join(folder, name), join(aside, name))
  }
  await syncFoldersOf(aside, names)
  await syncFoldersOf(folder, names)
}

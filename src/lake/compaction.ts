/**
 * Compaction writes a new generation folder: merged files, and hard links to the files that stay. Merging runs beside
 * commits; only the last step, `switchGeneration`, excludes them. Readers keep the old folder for ten minutes.
 */
import { createHash } from 'node:crypto'
import { link, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { SqlEngine } from '../sql/index.ts'
import { listFiles, makeFolderOf, syncFoldersOf } from './data-folders.ts'
import {
  digestFile,
  makeFolder,
  sealFile,
  switchLink,
  syncFile,
  syncFolder,
} from './durable-files.ts'
import { closedError } from './closed-error.ts'
import { corruptFile, problemOf } from './integrity.ts'
import { FACTS_KEY, factsOf, type DataFileFacts } from './file-facts.ts'
import type { LakeFile, TableSnapshot } from './lake.ts'
import { fileName, generationName } from './layout.ts'
import { writeManifest, type TableState } from './manifest.ts'
import { countRows, mergeFilesTo, readFact, sizeOf } from './parquet-writer.ts'
import { RETIRED_GENERATION_MS, type TableContext } from './table-context.ts'

export interface Merge {
  readonly sources: readonly LakeFile[]
  readonly merged: LakeFile
}

/** Writes the merged files into the temp folder, at a stop not all of them. The sources' digests are checked first, so no damage is carried over. */
export async function writeMerges(
  context: TableContext,
  snapshot: TableSnapshot,
  groups: readonly (readonly LakeFile[])[],
  isClosed: () => boolean,
): Promise<Merge[]> {
  if (groups.length === 0) return []
  const engine = await context.openMergeEngine()
  try {
    const merges: Merge[] = []
    for (const sources of groups) {
      if (isClosed()) throw closedError(context.name)
      merges.push({ sources, merged: await writeMerge(context, engine, snapshot, sources) })
    }
    await context.failpoint?.('merged')
    return merges
  } finally {
    await engine.close()
  }
}

async function writeMerge(
  context: TableContext,
  engine: SqlEngine,
  snapshot: TableSnapshot,
  sources: readonly LakeFile[],
): Promise<LakeFile> {
  const head = sources[0]!
  const tail = sources.at(-1)!
  for (const file of sources) {
    const problem = await problemOf(file, snapshot.path(file))
    if (problem !== undefined) throw corruptFile(context.name, file.name, problem)
  }
  const { partition, first } = head
  const name = join(
    dirname(head.name),
    fileName({ topic: context.topic, partition, first, last: tail.last }),
  )
  const path = tempPath(context, name)
  const batches = [head.batches[0], tail.batches[1]] as const
  const { columns } = snapshot
  const paths = sources.map((file) => snapshot.path(file))
  const { before } = await readFacts(engine, paths[0]!)
  await mergeFilesTo(
    engine,
    path,
    columns,
    paths,
    factsOf({
      topic: context.topic,
      batches,
      columns,
      ...(before && { before }),
      ...(context.partitionBy.length > 0 && {
        partitionBy: context.partitionBy,
        files: await batchFilesOf(engine, paths),
      }),
    }),
  )
  const rows = await countRows(engine, path)
  if (rows !== sources.reduce((sum, file) => sum + file.rows, 0))
    throw new Error(`merging into ${name} changed the number of rows to ${rows}`)
  await sealFile(path)
  await syncFile(path)
  const [bytes, sha256] = [await sizeOf(path), await digestFile(path)]
  const newest = newestOf(sources)
  const columnCount = columns.length
  const file = {
    name,
    partition,
    first,
    last: tail.last,
    rows,
    bytes,
    sha256,
    batches,
    columnCount,
  }
  return { ...file, ...(newest !== undefined && { newest }) }
}

/** Unknown when it is of one source: nothing may expire too early. */
function newestOf(sources: readonly LakeFile[]): number | undefined {
  const times = sources.map(({ newest }) => newest ?? Infinity)
  const newest = Math.max(...times)
  return newest === Infinity ? undefined : newest
}

async function readFacts(engine: SqlEngine, path: string): Promise<Partial<DataFileFacts>> {
  return JSON.parse((await readFact(engine, path, FACTS_KEY)) ?? '{}') as Partial<DataFileFacts>
}

/** What the sources say of their batches: the merged file must tell it too, should the manifest be lost. */
async function batchFilesOf(
  engine: SqlEngine,
  paths: readonly string[],
): Promise<NonNullable<DataFileFacts['files']>> {
  const found: [batch: number, files: number][] = []
  for (const path of paths) {
    const { files = [] } = await readFacts(engine, path)
    for (const [batch, count] of files) found.push([batch, count])
  }
  return found
}

/** Merged files of all folders wait here at one time, and those of a commit beside them. */
const tempPath = ({ layout }: TableContext, name: string): string =>
  join(layout.tempDir, `merged-${createHash('sha256').update(name).digest('hex')}.parquet`)

/** Builds the next generation, records it and switches `current` to it. Nothing may commit meanwhile. */
export async function switchGeneration(
  context: TableContext,
  state: TableState,
  merges: readonly Merge[],
  expired: readonly LakeFile[] = [],
): Promise<TableState> {
  const { layout, clock, failpoint } = context
  const generation = state.generation + 1
  const folder = layout.generation(generation)
  await rm(folder, { recursive: true, force: true })
  await makeFolder(folder)
  const gone = [...merges.flatMap(({ sources }) => sources), ...expired]
  const replaced = new Set(gone.map(({ name }) => name))
  const kept = state.files.filter(({ name }) => !replaced.has(name))
  // Also the files of a batch whose commit failed half way: they were shown, and the sink is about to commit them again.
  const before = layout.generation(state.generation)
  const listed = await listFiles(before)
  const shown = new Set([...kept.map(({ name }) => name), ...listed])
  for (const name of shown) {
    if (replaced.has(name)) continue
    await makeFolderOf(folder, name)
    await link(join(before, name), join(folder, name))
  }
  for (const { merged } of merges) {
    await makeFolderOf(folder, merged.name)
    await rename(tempPath(context, merged.name), join(folder, merged.name))
  }
  const names = [...shown].filter((name) => !replaced.has(name))
  await syncFoldersOf(folder, [...names, ...merges.map(({ merged }) => merged.name)])
  await syncFolder(layout.generationsDir)
  await failpoint?.('linked')
  const now = clock.now()
  const next: TableState = {
    ...state,
    version: state.version + 1,
    generation,
    retired: [
      ...state.retired.filter(({ at }) => at + RETIRED_GENERATION_MS > now),
      { generation: state.generation, at: now },
    ],
    files: inOrder([...kept, ...merges.map(({ merged }) => merged)]),
    ...(expired.length > 0 && {
      expiredRows: expired.reduce((sum, { rows }) => sum + rows, state.expiredRows ?? 0),
    }),
  }
  await writeManifest(layout, next, failpoint)
  await switchLink(layout.current, join('generations', generationName(generation)))
  await failpoint?.('switched')
  return next
}

export const inOrder = (files: readonly LakeFile[]): LakeFile[] =>
  files.toSorted(
    (a, b) => a.partition - b.partition || a.first - b.first || (a.name < b.name ? -1 : 1),
  )

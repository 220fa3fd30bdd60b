/**
 * Opening a table: from whatever a crash left to one of the states before or after the interrupted step. What a listing has
 * shown stays (`adoption.ts`); what cannot be used is removed: the log has it, and the sink commits it again.
 */
import { readdir, readlink, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Column } from '../core/index.ts'
import { adoptBatches, type Adoption } from './adoption.ts'
import { listFiles, removeEmptyFolders } from './data-folders.ts'
import { emptyFolder, makeFolder, switchLink, syncFolder } from './durable-files.ts'
import { lakeError } from './errors.ts'
import type { PartitionColumn } from './lake.ts'
import { generationName } from './layout.ts'
import {
  MANIFEST_FORMAT,
  MANIFEST_FORMAT_PLAIN,
  readManifest,
  setAside,
  writeManifest,
  type TableState,
} from './manifest.ts'
import { describePartitions, samePartitions } from './partition-columns.ts'
import { rebuildState } from './rebuild.ts'
import { mergeColumns } from './record-columns.ts'
import { RETIRED_GENERATION_MS, type TableContext } from './table-context.ts'

export async function openState(
  context: TableContext,
  columns: readonly Column[],
): Promise<Adoption> {
  const { layout } = context
  await makeFolder(layout.dir)
  for (const dir of [layout.manifestDir, layout.generationsDir, layout.tempDir])
    await makeFolder(dir)
  const { state: found, damaged } = await readManifest(layout)
  await setAside(layout, damaged, context.logger)
  const known = found ?? {
    ...firstState(context, columns),
    ...(await rebuildState(context)),
  }
  checkPartitions(context, known)
  const recorded = await withColumns(context, known, columns, !found)
  await emptyFolder(layout.tempDir, await readdir(layout.tempDir))
  await removeStaleGenerations(context, recorded)
  await makeFolder(layout.generation(recorded.generation))
  const adoption = await adoptBatches(context, recorded)
  const { state, waiting } = adoption
  await removeUnusable(context, state, waiting)
  await repairLink(context, state)
  await syncFolder(layout.generationsDir)
  await syncFolder(layout.dir)
  return adoption
}

/** Files of two layouts in one folder tree are something no reader of `column=value/` folders can read. */
function checkPartitions({ name, partitionBy }: TableContext, state: TableState): void {
  const before = state.partitionBy ?? []
  if (state.files.length === 0 || samePartitions(before, partitionBy)) return
  throw lakeError(
    'LAKE_SCHEMA_CONFLICT',
    `table "${name}" is partitioned by ${describePartitions(before)} and is to be by ${describePartitions(partitionBy)} now: delete its folder to have it written anew from the log, or declare it as it was`,
    { details: { table: name } },
  )
}

const firstState = (context: TableContext, columns: readonly Column[]): TableState => ({
  format: MANIFEST_FORMAT_PLAIN,
  version: 0,
  table: context.name,
  topic: context.topic,
  columns,
  generation: 1,
  retired: [],
  lastBatch: 0,
  ends: [],
  files: [],
})

/** A new table, or one with other columns than before, gets a version of its own. */
async function withColumns(
  context: TableContext,
  state: TableState,
  wanted: readonly Column[],
  isNew: boolean,
): Promise<TableState> {
  const { partitionBy } = context
  const columns = mergeColumns(context.name, state.columns, wanted)
  const isSame =
    JSON.stringify(columns) === JSON.stringify(state.columns) &&
    samePartitions(partitionBy, state.partitionBy ?? [])
  if (!isNew && isSame) return state
  const next = { ...state, ...layoutOf(partitionBy), columns, version: state.version + 1 }
  await writeManifest(context.layout, next)
  return next
}

/** A version that knows no partition columns must not open such a table; one without them stays open to it. */
const layoutOf = (
  partitionBy: readonly PartitionColumn[],
): Pick<TableState, 'format' | 'partitionBy'> =>
  partitionBy.length === 0
    ? { format: MANIFEST_FORMAT_PLAIN, partitionBy: undefined }
    : { format: MANIFEST_FORMAT, partitionBy }

/** A whole file is never removed here unless something else of its batch is wrong: the log has the rows still. */
async function removeUnusable(
  context: TableContext,
  state: TableState,
  waiting: ReadonlySet<string>,
): Promise<void> {
  const folder = context.layout.generation(state.generation)
  const committed = new Map(state.files.map((file) => [file.name, file]))
  for (const name of await listFiles(folder)) {
    if (committed.delete(name) || waiting.has(name)) continue
    context.logger.info(
      { table: state.table, file: name },
      'A file that does not continue the table is removed.',
    )
    await rm(join(folder, name), { force: true })
  }
  await removeEmptyFolders(folder)
  for (const file of committed.values()) {
    context.logger.error(
      { table: state.table, file: join(folder, file.name), rows: file.rows },
      'A committed file is missing: restore it, or delete the table folder to rebuild it from the log.',
    )
  }
  await syncFolder(folder)
}

async function removeStaleGenerations(context: TableContext, state: TableState): Promise<void> {
  const { layout, clock } = context
  const inUse = new Set([generationName(state.generation)])
  for (const { generation, at } of state.retired)
    if (at + RETIRED_GENERATION_MS > clock.now()) inUse.add(generationName(generation))
  for (const name of await readdir(layout.generationsDir)) {
    if (!inUse.has(name))
      await rm(join(layout.generationsDir, name), { recursive: true, force: true })
  }
}

/** A compaction that stopped between its manifest record and the switch is finished here. */
async function repairLink(context: TableContext, state: TableState): Promise<void> {
  const { layout } = context
  const target = join('generations', generationName(state.generation))
  const isRight =
    (await readlink(layout.current).catch(() => undefined)) === target &&
    (await stat(layout.current).catch(() => undefined))?.isDirectory()
  if (!isRight) await switchLink(layout.current, target)
}

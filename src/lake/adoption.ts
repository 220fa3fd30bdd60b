/**
 * Files that got their final name and no manifest record, because the process ended between the two. A plain listing has
 * shown them, so they do not go away again: a batch of which every file is there and whole is adopted into the manifest; the
 * files of a batch that is there in part stay where they are until the sink commits the batch again, under the same names.
 */
import { inOrder } from './compaction.ts'
import { listFiles, syncFoldersOf } from './data-folders.ts'
import { writeManifest, type TableState } from './manifest.ts'
import type { DataFileFacts } from './file-facts.ts'
import { hasRowsOfRange } from './parquet-writer.ts'
import { inspectFile, type FoundFile } from './rebuild.ts'
import type { TableContext } from './table-context.ts'

export interface Adoption {
  readonly state: TableState
  /** Files of the batch that comes next: whole, shown, not committed. */
  readonly waiting: ReadonlySet<string>
}

export async function adoptBatches(context: TableContext, found: TableState): Promise<Adoption> {
  const folder = context.layout.generation(found.generation)
  const known = new Set(found.files.map(({ name }) => name))
  const strays: FoundFile[] = []
  for (const name of await listFiles(folder)) {
    if (known.has(name)) continue
    const stray = await inspectFile(context, folder, name)
    if (stray && (await isWhole(context, folder, stray))) strays.push(stray)
  }
  let state = found
  for (;;) {
    const next = filesThatFollow(state, strays)
    if (next.length === 0 || next.length < filesOfBatch(next[0]!.facts))
      return { state, waiting: new Set(next.map(({ file }) => file.name)) }
    state = await adopt(context, folder, state, next)
  }
}

/** How many files the batch of an unmerged file has. */
const filesOfBatch = ({ files, ranges }: DataFileFacts): number =>
  files?.[0]?.[1] ?? ranges?.length ?? Infinity

async function isWhole(
  context: TableContext,
  folder: string,
  { file, facts }: FoundFile,
): Promise<boolean> {
  if (facts.topic !== context.topic) return false
  try {
    return await hasRowsOfRange(context.engine, `${folder}/${file.name}`, file)
  } catch (error) {
    context.logger.error({ file: file.name, error }, 'A data file cannot be read.')
    return false
  }
}

/**
 * The files of the next batch that continue the table. Only the very next number: a later one would hide from the sink
 * that the one between is missing.
 */
function filesThatFollow(state: TableState, strays: readonly FoundFile[]): FoundFile[] {
  const number = state.lastBatch + 1
  const ends = new Map(state.ends)
  return strays.filter(({ file, facts }) => {
    const { partition, first, last, batches } = file
    return (
      batches[0] === number &&
      batches[1] === number &&
      (ends.get(partition) ?? first) === first &&
      facts.ranges?.some(
        (range) => range.partition === partition && range.first === first && range.last === last,
      ) === true &&
      facts.columns.every(({ name, type }) =>
        state.columns.some((column) => column.name === name && column.type === type),
      )
    )
  })
}

async function adopt(
  context: TableContext,
  folder: string,
  state: TableState,
  found: readonly FoundFile[],
): Promise<TableState> {
  // The new names may not be durable yet; the record that vouches for them must not outlive them.
  const files = found.map(({ file }) => file)
  const names = files.map(({ name }) => name)
  await syncFoldersOf(folder, names)
  const next: TableState = {
    ...state,
    version: state.version + 1,
    lastBatch: state.lastBatch + 1,
    ends: [
      ...new Map([
        ...state.ends,
        ...files.map(({ partition, last }) => [partition, last + 1] as const),
      ]),
    ].toSorted(([a], [b]) => a - b),
    files: inOrder([...state.files, ...files]),
  }
  await writeManifest(context.layout, next, context.failpoint)
  context.logger.info(
    { table: state.table, batch: next.lastBatch, files: names },
    'A batch that was written and not recorded is taken over.',
  )
  return next
}

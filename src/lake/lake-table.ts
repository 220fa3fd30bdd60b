/** One table: an in-memory state that changes only after the step on disk is durable, and a queue of writers. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Column } from '../core/index.ts'
import { batchParts } from './batch-parts.ts'
import { inOrder, switchGeneration, writeMerges } from './compaction.ts'
import { syncFoldersOf } from './data-folders.ts'
import { storageError } from './durable-files.ts'
import { closedError } from './closed-error.ts'
import { lakeError } from './errors.ts'
import type { BatchCommit, LakeFile, LakeTable, MaintenanceResult, TableSnapshot } from './lake.ts'
import { pruneManifest, writeManifest, type TableState } from './manifest.ts'
import { createIntegrity, type Integrity } from './integrity.ts'
import { scheduleMaintenance } from './maintenance.ts'
import { DEFAULT_TARGET_BYTES, planMerges, planTiers } from './merge-plan.ts'
import { openState } from './recovery.ts'
import { expiredFiles } from './retention.ts'
import { snapshotOf } from './snapshot.ts'
import { openRowStage } from './staging/row-stage.ts'
import { RETIRED_GENERATION_MS, type TableContext } from './table-context.ts'
import { partName, writePart } from './write-part.ts'

/** Of all tables: a name is never used again while something may still write to it. */
let stages = 0

export interface OpenLakeTable extends LakeTable {
  /** Ends after the running commit and compaction. */
  close(): Promise<void>
}

export async function openLakeTable(
  context: TableContext,
  columns: readonly Column[],
): Promise<OpenLakeTable> {
  const opened = await openState(context, columns).catch((error: unknown) => {
    throw storageError(error, `table "${context.name}"`)
  })
  const core = createCore(context, opened.state)
  let { waiting } = opened
  const { maintenance } = context
  const integrity = createIntegrity(context.name)
  const compactor = createCompactor(context, core, integrity)
  const schedule = scheduleMaintenance({
    ...context,
    table: context.name,
    policy: maintenance,
    run: compactor.maintain,
  })
  return {
    name: context.name,
    topic: context.topic,
    get columns() {
      return core.state().columns
    },
    partitionBy: context.partitionBy,
    maintenance,
    snapshot: () => core.snapshot(),
    stage(of, onRoom) {
      const path = join(context.layout.tempDir, `stage-${++stages}`)
      const { topic, partitionBy } = context
      return openRowStage({ path, topic, columns: of, partitionBy }, onRoom)
    },
    commit: (batch) =>
      core.exclusively(() =>
        core.writing(`batch ${batch.number}`, async () => {
          const state = core.state()
          const known = committedFiles(state, batch)
          if (known) return { files: known, version: state.version }
          const { next, files } = await commitBatch(context, state, batch, waiting)
          waiting = new Set()
          integrity.trust(files)
          core.advance(next)
          await pruneManifest(context.layout)
          schedule.committed()
          return { files, version: next.version }
        }),
      ),
    compact: compactor.compact,
    maintain: compactor.maintain,
    verify: (pace) =>
      integrity.verify(
        core.snapshot(),
        (file) => core.state().files.some(({ name }) => name === file.name),
        pace,
      ),
    check: (of) => integrity.check(of, context.checkBytes),
    async close() {
      core.stop()
      schedule.stop()
      await compactor.close()
      await core.exclusively(async () => {})
    },
  }
}

/** What the table is at this moment, and the queue of those who change it. */
interface TableCore {
  state(): TableState
  snapshot(): TableSnapshot
  /** After the step on disk is durable. */
  advance(next: TableState): void
  exclusively<T>(work: () => Promise<T>): Promise<T>
  /** Refuses after the stop; the disk's refusals become ours. */
  writing<T>(what: string, work: () => Promise<T>): Promise<T>
  isStopped(): boolean
  stop(): void
}

function createCore(context: TableContext, first: TableState): TableCore {
  let state = first
  let snapshot = snapshotOf(context.layout, state)
  let isStopped = false
  return {
    state: () => state,
    snapshot: () => snapshot,
    advance(next) {
      state = next
      snapshot = snapshotOf(context.layout, next)
    },
    exclusively: serial(),
    async writing(what, work) {
      if (isStopped) throw closedError(context.name)
      try {
        return await work()
      } catch (error) {
        throw storageError(error, `${what} of table "${context.name}"`)
      }
    },
    isStopped: () => isStopped,
    stop() {
      isStopped = true
    },
  }
}

/** Compaction and retention, one at a time and beside commits. */
function createCompactor(context: TableContext, core: TableCore, integrity: Integrity) {
  const { maintenance } = context
  const inTurn = serial()
  const expiry = generationExpiry(context)
  for (const retired of core.state().retired) expiry.schedule(retired)

  const replaceFiles = async (
    groups: readonly (readonly LakeFile[])[],
    expired: readonly LakeFile[],
  ): Promise<MaintenanceResult> => {
    if (groups.length + expired.length === 0) return { before: 0, after: 0, expired: 0 }
    const merges = await writeMerges(context, core.snapshot(), groups, () => core.isStopped())
    await core.exclusively(async () =>
      core.advance(await switchGeneration(context, core.state(), merges, expired)),
    )
    integrity.trust(merges.map(({ merged }) => merged))
    expiry.schedule(core.state().retired.at(-1)!)
    return { before: groups.flat().length, after: merges.length, expired: expired.length }
  }
  return {
    compact: ({ targetBytes = DEFAULT_TARGET_BYTES }: { targetBytes?: number } = {}) =>
      inTurn(() =>
        core.writing('the compaction', async () => {
          const groups = planMerges(core.state().files, targetBytes)
          const { before, after } = await replaceFiles(groups, [])
          return { before, after }
        }),
      ),
    maintain: () =>
      inTurn(() =>
        core.writing('the maintenance', async () => {
          const { targetBytes = DEFAULT_TARGET_BYTES, compactFiles = Infinity } = maintenance
          const { files, lastBatch } = core.state()
          const expired = expiredFiles(files, lastBatch, maintenance, context.clock.now())
          const gone = new Set(expired)
          const kept = files.filter((file) => !gone.has(file))
          return replaceFiles(planTiers(kept, targetBytes, compactFiles), expired)
        }),
      ),
    async close() {
      expiry.cancel()
      await inTurn(async () => {})
    },
  }
}

/**
 * The commit: 1 files under temporary names, synced and digested · 2 renamed · 3 folder synced · 4 manifest record. A plain
 * listing shows the batch after 2; if it fails before 4, committing again writes the same bytes under the same names.
 */
async function commitBatch(
  context: TableContext,
  state: TableState,
  batch: BatchCommit,
  waiting: ReadonlySet<string>,
) {
  const ends = new Map(state.ends)
  const partitionNames = context.partitionBy.map(({ name }) => name)
  const parts = batchParts(
    {
      table: context.name,
      topic: context.topic,
      columns: state.columns,
      partitionNames,
      ends,
      logger: context.logger,
    },
    batch,
  )
  const ranges = batch.ranges
    .map(({ partition, first, last }) => ({ partition, first, last }))
    .toSorted((a, b) => a.partition - b.partition)
  const { generation } = state
  const rowsBefore = state.files.reduce((sum, { rows }) => sum + rows, state.expiredRows ?? 0)
  const before = { rows: rowsBefore, ends: state.ends }
  const ofBatch = { batch: batch.number, ranges, files: parts.length, before }
  const target = { ...context, generation, ...ofBatch }
  const folder = context.layout.generation(generation)
  await removeOthers(folder, waiting, new Set(parts.map((part) => partName(part, context.topic))))
  const files: LakeFile[] = []
  for (const part of parts) {
    files.push(await writePart(part, target))
    ends.set(part.partition, part.last + 1)
  }
  const names = files.map(({ name }) => name)
  await syncFoldersOf(folder, names)
  await context.failpoint?.('folder-synced')
  const next: TableState = {
    ...state,
    version: state.version + 1,
    lastBatch: batch.number,
    ends: [...ends].toSorted(([a], [b]) => a - b),
    files: inOrder([...state.files, ...files]),
  }
  await writeManifest(context.layout, next, context.failpoint)
  return { next, files }
}

/**
 * Files that an earlier attempt at the batch left and this one does not write: the rows are the same, so the topic's schema
 * or the table's partition columns changed between. Left in place, a listing would show their rows twice.
 */
async function removeOthers(
  folder: string,
  waiting: ReadonlySet<string>,
  names: ReadonlySet<string>,
): Promise<void> {
  const others = [...waiting].filter((name) => !names.has(name))
  for (const name of others) await rm(join(folder, name), { force: true })
  if (others.length > 0) await syncFoldersOf(folder, others)
}

/** The files of a batch that the table has already, undefined when it is new. Throws LAKE_OUT_OF_ORDER. */
function committedFiles(state: TableState, batch: BatchCommit): LakeFile[] | undefined {
  if (batch.number > state.lastBatch) return undefined
  const files = batch.ranges.map((range) =>
    state.files.filter(
      (file) =>
        file.partition === range.partition &&
        file.first <= range.first &&
        file.last >= range.last &&
        file.batches[0] <= batch.number &&
        file.batches[1] >= batch.number &&
        (file.batches[0] !== file.batches[1] ||
          (file.first === range.first && file.last === range.last)),
    ),
  )
  if (files.every(({ length }) => length > 0)) return [...new Set(files.flat())]
  throw lakeError(
    'LAKE_OUT_OF_ORDER',
    `batch ${batch.number} of table "${state.table}" was committed with other offsets: the table is at batch ${state.lastBatch}`,
    { details: { table: state.table, batch: batch.number, lastBatch: state.lastBatch } },
  )
}

/** Runs one after the other; a failure does not stop the next. */
function serial(): <T>(work: () => Promise<T>) => Promise<T> {
  let tail: Promise<unknown> = Promise.resolve()
  return (work) => {
    const run = tail.then(work)
    tail = run.catch(() => undefined)
    return run
  }
}

/** Removes replaced generations when their readers had ten minutes; what a stop leaves, the next open removes. */
function generationExpiry(context: TableContext) {
  const { clock, layout, logger } = context
  const cancels = new Set<() => void>()
  return {
    schedule({ generation, at }: { generation: number; at: number }) {
      const delay = Math.max(0, at + RETIRED_GENERATION_MS - clock.now())
      const cancel = clock.after(delay, () => {
        cancels.delete(cancel)
        rm(layout.generation(generation), { recursive: true, force: true }).catch(
          (error: unknown) =>
            logger.warn(
              { table: context.name, generation, error },
              'A replaced generation could not be removed.',
            ),
        )
      })
      cancels.add(cancel)
    },
    cancel() {
      for (const cancel of cancels) cancel()
      cancels.clear()
    },
  }
}

/**
 * The manifest: one JSON file per version, each with the whole state of the table and the SHA-256 of that state. The
 * highest valid one is the truth. Whole states instead of changes, so that a damaged record costs only itself.
 */
import { createHash } from 'node:crypto'
import { readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Column, Logger } from '../core/index.ts'
import { syncFolder, writeDurably } from './durable-files.ts'
import { lakeError } from './errors.ts'
import type { Failpoint } from './failpoint.ts'
import type { LakeFile, PartitionColumn } from './lake.ts'
import { recordName, type TableLayout } from './layout.ts'

/** The highest that this version reads: tables with partition columns. */
export const MANIFEST_FORMAT = 2
/** Tables without. */
export const MANIFEST_FORMAT_PLAIN = 1
/** Records that stay: enough to see what happened before a fault. */
const KEEP_RECORDS = 32

export interface TableState {
  readonly format: number
  readonly version: number
  readonly table: string
  readonly topic: string
  readonly columns: readonly Column[]
  /** Absent in tables that have none. */
  readonly partitionBy?: readonly PartitionColumn[]
  readonly generation: number
  /** Generations that were replaced and since when (wall clock, milliseconds). */
  readonly retired: readonly { readonly generation: number; readonly at: number }[]
  readonly lastBatch: number
  /** Partition and the offset after its last committed one, ascending. */
  readonly ends: readonly (readonly [partition: number, end: number])[]
  /** Rows that retention took away, ever. Absent: none. */
  readonly expiredRows?: number
  /** In order of (partition, first, name). */
  readonly files: readonly LakeFile[]
}

export interface ManifestReading {
  /** Undefined when there is no valid record. */
  readonly state: TableState | undefined
  /** A record was there and could not be used. */
  readonly damaged: readonly string[]
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex')

export async function writeManifest(
  layout: TableLayout,
  state: TableState,
  failpoint?: Failpoint,
): Promise<void> {
  const text = JSON.stringify(state)
  await writeDurably(
    layout.manifest(state.version),
    `{"sha256":"${digest(text)}","state":${text}}\n`,
    () => failpoint?.('manifest-written'),
  )
  await failpoint?.('manifest-synced')
}

/** The newest valid record. Throws LAKE_FORMAT_NEWER before anything is touched. */
export async function readManifest(layout: TableLayout): Promise<ManifestReading> {
  const damaged: string[] = []
  for (const name of (await recordNames(layout)).toReversed()) {
    const state = parseRecord(await readFile(join(layout.manifestDir, name), 'utf8'), name)
    if (state) return { state, damaged }
    damaged.push(name)
  }
  return { state: undefined, damaged }
}

/** Sets damaged records aside so that the next version's name is free and a person can look at them. */
export async function setAside(
  layout: TableLayout,
  names: readonly string[],
  logger: Logger,
): Promise<void> {
  for (const name of names) {
    const path = join(layout.manifestDir, name)
    await rename(path, `${path}.damaged`)
    logger.error(
      { file: path },
      'A manifest record is damaged and was set aside; the one before it is used.',
    )
  }
  if (names.length > 0) await syncFolder(layout.manifestDir)
}

/** Removes all but the newest records. Left-overs of a crash here are removed by the next call. */
export async function pruneManifest(layout: TableLayout): Promise<void> {
  const names = await recordNames(layout)
  for (const name of names.slice(0, -KEEP_RECORDS))
    await rm(join(layout.manifestDir, name), { force: true })
}

async function recordNames(layout: TableLayout): Promise<string[]> {
  const names = await readdir(layout.manifestDir)
  return names.filter((name) => /^\d{20}\.json$/.test(name)).toSorted()
}

function parseRecord(text: string, name: string): TableState | undefined {
  let record: { sha256?: unknown; state?: TableState }
  try {
    record = JSON.parse(text) as typeof record
  } catch {
    return undefined
  }
  const state = record?.state
  if (typeof state !== 'object' || state === null || typeof state.format !== 'number')
    return undefined
  // Every format has this envelope, so that damage is not taken for a newer format.
  if (record.sha256 !== digest(JSON.stringify(state))) return undefined
  if (state.format > MANIFEST_FORMAT) {
    throw lakeError(
      'LAKE_FORMAT_NEWER',
      `manifest ${name} has format ${state.format} and this version reads up to ${MANIFEST_FORMAT}: start the newer version that wrote it`,
      { details: { format: state.format, supported: MANIFEST_FORMAT } },
    )
  }
  // A copy of another version's record is whole and not this one.
  return name === recordName(state.version) ? state : undefined
}

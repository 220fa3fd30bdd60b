/**
 * Compares everything that is stored with its checksums (promise P6): the lake's files with the digests of the manifest, the
 * log's records with their CRCs by reading them, the artifacts of the models with theirs.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { isMillraceError } from '../core/index.ts'
import { verifyLakeFolder, type Lake } from '../lake/index.ts'
import { openLog, type Log } from '../log/index.ts'
import type { Registry } from '../registry/index.ts'

export interface StoredProblem {
  readonly store: 'lake' | 'log' | 'registry'
  /** Table, topic or model. */
  readonly name: string
  readonly file: string
  readonly problem: string
  /** What to do. */
  readonly next: string
}

/** Slows the reading down: called after so many bytes. */
type Pace = (bytes: number) => Promise<void>

export interface Stores {
  readonly log: Log
  readonly lake: Lake
  readonly registry: Registry
}

const LAKE_REMEDY =
  'restore it from a backup, or stop and delete the folder of the table: it is written anew from the log'

export async function verifyStores(stores: Stores, pace?: Pace): Promise<StoredProblem[]> {
  return [
    ...(await verifyTables(stores.lake, pace)),
    ...(await verifyLog(stores.log, pace)),
    ...(await verifyArtifacts(stores.registry)),
  ]
}

/**
 * Lake and log of a data folder that no instance has open. The log is opened as a start would, which also mends what a crash
 * left. Throws LOG_IN_USE when another process has it, LOG_FORMAT_NEWER and LAKE_FORMAT_NEWER.
 */
export async function verifyFolder(dataDir: string): Promise<StoredProblem[]> {
  const tables = await verifyLakeFolder(join(dataDir, 'lake'))
  const found = tables.flatMap(({ table, problems }) =>
    problems.map((one) => lakeProblem(table, one)),
  )
  const dir = join(dataDir, 'log')
  // A log of a cluster has no files here.
  if (!existsSync(join(dir, 'FORMAT'))) return found
  const log = await openLog({ dir, cleanIntervalMs: 0 })
  try {
    return [...found, ...(await verifyLog(log))]
  } finally {
    await log.close()
  }
}

async function verifyTables(lake: Lake, pace?: Pace): Promise<StoredProblem[]> {
  const found: StoredProblem[] = []
  for (const table of lake.tables()) {
    for (const problem of await table.verify(pace)) found.push(lakeProblem(table.name, problem))
  }
  return found
}

const lakeProblem = (
  name: string,
  { file, problem }: { readonly file: string; readonly problem: string },
): StoredProblem => ({ store: 'lake', name, file, problem, next: LAKE_REMEDY })

/** Damage is told with the offset at which reading can go on, so one damaged batch hides no other. */
async function verifyLog(log: Log, pace?: Pace): Promise<StoredProblem[]> {
  // The brokers of a cluster look after their own files.
  if (log.cluster !== undefined) return []
  const found: StoredProblem[] = []
  for (const { name, partitions } of await log.topics()) {
    for (const { partition, earliest, end } of partitions) {
      for (let from = earliest; from < end;) {
        try {
          for await (const { records } of log.read(name, partition, from, { to: end })) {
            let bytes = 0
            for (const { value, offset } of records) {
              bytes += value?.byteLength ?? 0
              from = offset + 1
            }
            await pace?.(bytes)
          }
          from = end
        } catch (error) {
          // Retention took the offset away meanwhile.
          if (isMillraceError(error, 'LOG_OFFSET_OUT_OF_RANGE')) break
          if (!isMillraceError(error, 'LOG_CORRUPT')) throw error
          const file = String(error.details['file'])
          const next = 'restore the file from a backup; the records around it are served'
          found.push({ store: 'log', name, file, problem: error.message, next })
          from = Math.max(from + 1, Number(error.details['nextOffset'] ?? end))
        }
      }
    }
  }
  return found
}

async function verifyArtifacts(registry: Registry): Promise<StoredProblem[]> {
  const found: StoredProblem[] = []
  for (const { name } of registry.models()) {
    for (const { version } of registry.versions(name)) {
      try {
        await registry.readArtifact(name, version)
      } catch (error) {
        if (!isMillraceError(error, 'REGISTRY_CORRUPT')) throw error
        const file = `v${version}/${String(error.details['file'])}`
        const next = `go back to a good version: millrace models rollback ${name}`
        found.push({ store: 'registry', name, file, problem: error.message, next })
      }
    }
  }
  return found
}

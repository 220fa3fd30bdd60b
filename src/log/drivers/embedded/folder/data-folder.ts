/**
 * What a data folder has beside its topics: the version of its format, its lock, and the mark of an orderly close.
 *
 * A folder of a newer version is left as it is: its version is read before anything is written.
 */
import { dirname, join } from 'node:path'
import { logError } from '../../../errors.ts'
import type { EmbeddedLogOptions } from '../embedded-log.ts'
import {
  readDurableFile,
  readText,
  TEMPORARY_SUFFIX,
  writeDurableFile,
  writeText,
} from './durable-file.ts'
import { lockFolder, type FolderLock } from './folder-lock.ts'
import { unlinkIfThere } from '../storage.ts'
import type { CleanEnds } from './topic-store.ts'

/** Raise it when older code would misread what is written; then write the step that opens the old one. */
const FORMAT_VERSION = 1
const FORMAT_FILE = 'FORMAT'
const CLEAN_FILE = 'clean.json'

type FolderOptions = Pick<EmbeddedLogOptions, 'dir' | 'storage' | 'processes' | 'newId'>

export interface OpenFolder {
  readonly lock: FolderLock
  readonly cleanEnds: CleanEnds
  /** From here on the folder changes: what the last close wrote down holds no longer. */
  forgetCleanEnds(): Promise<void>
}

/** Throws LOG_FORMAT_NEWER, LOG_IN_USE, LOG_CORRUPT. */
export async function openFolder(options: FolderOptions): Promise<OpenFolder> {
  const { dir, storage, processes, newId } = options
  await checkFormat(options)
  await storage.makeDir(dir)
  await storage.syncDir(dirname(dir))
  const lock = await lockFolder(storage, processes, dir, newId())
  try {
    await writeFormat(options)
    const path = join(dir, CLEAN_FILE)
    const cleanEnds = ((await readDurableFile(storage, path)) ?? {}) as CleanEnds
    return {
      lock,
      cleanEnds,
      async forgetCleanEnds() {
        await unlinkIfThere(storage, path)
        await storage.syncDir(dir)
      },
    }
  } catch (error) {
    await lock.release()
    throw error
  }
}

export async function markClean({ dir, storage }: FolderOptions, ends: CleanEnds): Promise<void> {
  await writeDurableFile(storage, join(dir, CLEAN_FILE), ends)
}

async function checkFormat({ dir, storage }: FolderOptions): Promise<boolean> {
  const path = join(dir, FORMAT_FILE)
  const text = await readText(storage, path)
  if (text === undefined) return false
  const version = Number(/^millrace-log (\d+)\s*$/.exec(text)?.[1])
  if (version <= FORMAT_VERSION) return true
  throw logError(
    'LOG_FORMAT_NEWER',
    `${path} says ${JSON.stringify(text.trim().slice(0, 80))}, this program reads "millrace-log ${FORMAT_VERSION}" at most: use a newer one; nothing was changed`,
    { details: { file: path } },
  )
}

async function writeFormat(options: FolderOptions): Promise<void> {
  if (await checkFormat(options)) return
  const { dir, storage } = options
  const path = join(dir, FORMAT_FILE)
  await writeText(storage, path + TEMPORARY_SUFFIX, `millrace-log ${FORMAT_VERSION}\n`)
  await storage.rename(path + TEMPORARY_SUFFIX, path)
  await storage.syncDir(dir)
}

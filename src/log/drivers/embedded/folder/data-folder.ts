/**
 * What a data folder has beside its topics: the version of its format, its lock, and the mark of an orderly close.
 *
 * A folder of a newer version is left as it is: its version is read before anything is written.
 */
import { dirname, join } from 'node:path'
import { isMillraceError } from '../../../../core/index.ts'
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
import { storageCode, unlinkIfThere, type Storage } from '../storage.ts'
import type { CleanEnds } from './topic-store.ts'

/** Raise it when older code would misread what is written; then write the step that opens the old one. */
const FORMAT_VERSION = 1
const FORMAT_FILE = 'FORMAT'
const CLEAN_FILE = 'clean.json'

type FolderOptions = Pick<EmbeddedLogOptions, 'dir' | 'storage' | 'processes' | 'newId' | 'logger'>

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
  await syncAncestors(storage, dir)
  const lock = await lockFolder(storage, processes, dir, newId())
  try {
    await writeFormat(options)
    const path = join(dir, CLEAN_FILE)
    const cleanEnds = await readCleanEnds(options, path)
    return {
      lock,
      cleanEnds,
      async forgetCleanEnds() {
        await unlinkIfThere(storage, path)
        await storage.syncDir(dir)
      },
    }
  } catch (error) {
    await lock.release().catch(() => {})
    throw error
  }
}

/**
 * The folders above may have been made just now, by this opening or by one that died: their names must be durable before
 * anything in them is acknowledged. Those of other users may refuse; then they are not ours and were there before.
 */
async function syncAncestors(storage: Storage, dir: string): Promise<void> {
  for (let at = dir; at !== dirname(at); at = dirname(at)) {
    try {
      await storage.syncDir(dirname(at))
    } catch (error) {
      if (!['EACCES', 'EPERM', 'EROFS', 'EINVAL'].includes(storageCode(error))) throw error
    }
  }
}

/** Without the mark, a damaged one as well, the log opens as after a crash. */
async function readCleanEnds({ storage, logger }: FolderOptions, path: string): Promise<CleanEnds> {
  try {
    return ((await readDurableFile(storage, path)) ?? {}) as CleanEnds
  } catch (error) {
    if (!isMillraceError(error, 'LOG_CORRUPT')) throw error
    logger.error(
      { err: error },
      'the mark of an orderly close is damaged: opening as after a crash',
    )
    return {}
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

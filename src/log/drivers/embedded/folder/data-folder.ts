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
  checksum,
  readDurableFile,
  readText,
  TEMPORARY_SUFFIX,
  writeDurableFile,
  writeText,
} from './durable-file.ts'
import { lockFolder, type FolderLock } from './folder-lock.ts'
import { storageCode, unlinkIfThere, type Storage } from '../storage.ts'
import type { CleanEnds } from './topic-store.ts'

/**
 * Raise it when older code would misread what is written; then write the step that opens the old one. 1: segments without
 * a header. 2: segments say whose they are.
 */
const FORMAT_VERSION = 2
/** In the order in which they are written. */
const FORMAT_FILES = ['FORMAT.copy', 'FORMAT'] as const
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
  await readFormat(options)
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

/** Throws LOG_FORMAT_NEWER, LOG_CORRUPT; changes nothing. */
async function readFormat(options: FolderOptions): Promise<readonly Version[]> {
  const { dir, storage } = options
  const versions: Version[] = []
  for (const name of FORMAT_FILES) {
    const path = join(dir, name)
    const version = versionOf(await readText(storage, path))
    if (typeof version === 'number' && version > FORMAT_VERSION) {
      throw logError(
        'LOG_FORMAT_NEWER',
        `${path} says format ${version}, this program reads ${FORMAT_VERSION} at most: use a newer one; nothing was changed`,
        { details: { file: path } },
      )
    }
    versions.push(version)
  }
  if (versions.every((version) => version === 'damaged')) {
    const [copy, file] = FORMAT_FILES.map((name) => join(dir, name))
    throw logError(
      'LOG_CORRUPT',
      `${file} and ${copy} are both damaged; nothing was changed: if no newer program than this one has used the log, write the line "${formatLine().trim()}" into ${file}`,
      { details: { file, position: 0 } },
    )
  }
  return versions
}

type Version = number | 'absent' | 'damaged'

function versionOf(text: string | undefined): Version {
  if (text === undefined) return 'absent'
  const [, line = '', version, sum] =
    /^(millrace-log (\d+))(?: ([0-9a-f]{8}))?\s*$/.exec(text) ?? []
  // Format 1 had no checksum, and no other format had none.
  const isWhole = sum === undefined ? version === '1' : sum === checksum(line)
  return isWhole ? Number(version) : 'damaged'
}

function formatLine(): string {
  const line = `millrace-log ${FORMAT_VERSION}`
  return `${line} ${checksum(line)}\n`
}

/**
 * Says this program's version in both files, the copy first: so wherever FORMAT says 2, the copy did before, and a FORMAT
 * that cannot be read and has no copy was one of format 1.
 */
async function writeFormat(options: FolderOptions): Promise<void> {
  const { dir, storage, logger } = options
  const versions = await readFormat(options)
  for (const [at, name] of FORMAT_FILES.entries()) {
    if (versions[at] === FORMAT_VERSION) continue
    const path = join(dir, name)
    if (versions[at] === 'damaged') {
      logger.error(
        { file: path, position: 0 },
        'the file that says the format is damaged: restored',
      )
    }
    await writeText(storage, path + TEMPORARY_SUFFIX, formatLine())
    await storage.rename(path + TEMPORARY_SUFFIX, path)
    await storage.syncDir(dir)
  }
}

/** Makes a data folder of a backup: unpacked beside it, checked, synced, and then renamed into its place. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, mkdir, open, readdir, readFile, rename, rm, rmdir, symlink } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { extract } from 'tar-stream'
import { quote } from '../../core/index.ts'
import { appError } from '../errors.ts'
import {
  BACKUP_FORMAT,
  fileMode,
  folderMode,
  isOurs,
  LIST,
  listSchema,
  type BackupList,
} from './archive.ts'

export interface Restored {
  readonly dataDir: string
  readonly createdAt: string
  readonly files: number
  readonly bytes: number
}

/**
 * `dataDir` is not there or empty. Throws APP_DATA_FOLDER when it is not, APP_BACKUP_INVALID when the archive is cut off,
 * changed or no backup, APP_FORMAT_NEWER; nothing is left behind then.
 */
export async function restoreBackup(archive: Readable, dataDir: string): Promise<Restored> {
  const dir = resolve(dataDir)
  if (existsSync(dir) && (await readdir(dir)).length > 0) {
    throw appError(
      'APP_DATA_FOLDER',
      `folder ${quote(dir)} is not empty: restore into a new one, or delete it first with "millrace reset --data-dir ${dir}"`,
    )
  }
  const temporary = `${dir}.restoring`
  await rm(temporary, { recursive: true, force: true })
  await mkdir(temporary, { recursive: true, mode: 0o700 })
  try {
    const digests = await unpack(archive, temporary)
    const list = await readList(temporary)
    checkAll(list, digests)
    await rm(join(temporary, LIST))
    await syncFolders(temporary, '')
    if (existsSync(dir)) await rmdir(dir)
    await rename(temporary, dir)
    await syncFolder(dirname(dir))
    const bytes = list.files.reduce((sum, file) => sum + file.bytes, 0)
    return { dataDir: dir, createdAt: list.createdAt, files: list.files.length, bytes }
  } catch (error) {
    await rm(temporary, { recursive: true, force: true })
    throw error
  }
}

const invalid = (what: string, cause?: unknown): Error =>
  appError('APP_BACKUP_INVALID', `the backup ${what}: use another one`, { cause })

/** By path: the digest of a file, or the target of a link. */
async function unpack(archive: Readable, dir: string): Promise<Map<string, string>> {
  const digests = new Map<string, string>()
  const entries = archive.pipe(extract())
  archive.once('error', (error) => entries.destroy(error))
  try {
    for await (const entry of entries) {
      const { name, type, linkname } = entry.header
      const isLink = type === 'symlink'
      const isKnown = name === LIST || isOurs(name, isLink ? (linkname ?? '') : undefined)
      if (!isKnown || !(isLink || type === 'file')) {
        throw invalid(`holds ${quote(name)}, which is not part of a data folder`)
      }
      const path = join(dir, name)
      await mkdir(dirname(path), { recursive: true, mode: folderMode(name) })
      if (isLink) {
        await symlink(linkname ?? '', path)
        digests.set(name, linkname ?? '')
        entry.resume()
      } else digests.set(name, await writeEntry(entry, path, fileMode(name)))
    }
  } catch (error) {
    if ((error as { code?: string }).code === 'APP_BACKUP_INVALID') throw error
    throw invalid(`cannot be read (${(error as Error).message})`, error)
  }
  return digests
}

async function writeEntry(
  entry: AsyncIterable<unknown>,
  path: string,
  mode: number,
): Promise<string> {
  const hash = createHash('sha256')
  const file = await open(path, 'wx', mode)
  try {
    for await (const chunk of entry) {
      hash.update(chunk as Buffer)
      await file.writeFile(chunk as Buffer)
    }
    await file.sync()
  } finally {
    await file.close()
  }
  return hash.digest('hex')
}

async function readList(dir: string): Promise<BackupList> {
  const text = await readFile(join(dir, LIST), 'utf8').catch(() => undefined)
  if (text === undefined) throw invalid(`has no ${LIST} at its end: it was cut off, or is none`)
  let list: BackupList
  try {
    list = listSchema.parse(JSON.parse(text))
  } catch (error) {
    throw invalid(`has a ${LIST} that cannot be read`, error)
  }
  if (list.format <= BACKUP_FORMAT) return list
  throw appError(
    'APP_FORMAT_NEWER',
    `the backup has format ${list.format}, this version knows up to ${BACKUP_FORMAT}: restore it with Millrace ${list.millrace} or newer; nothing was changed`,
  )
}

function checkAll(list: BackupList, digests: ReadonlyMap<string, string>): void {
  for (const { path, sha256, target } of list.files) {
    const found = digests.get(path)
    if (found === undefined) throw invalid(`lacks file ${quote(path)}`)
    if (found !== (sha256 ?? target))
      throw invalid(`has other bytes in ${quote(path)} than it says`)
  }
  // The list itself is the one file that it does not name.
  if (digests.size !== list.files.length + 1) throw invalid('holds files that it does not list')
}

/** Also sets the modes, which the process's own mask may have narrowed. */
async function syncFolders(root: string, path: string): Promise<void> {
  const dir = join(root, path)
  await chmod(dir, folderMode(`${path}/`))
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    const inside = path === '' ? entry.name : `${path}/${entry.name}`
    if (entry.isDirectory()) await syncFolders(root, inside)
    else if (entry.isFile()) await chmod(join(root, inside), fileMode(inside))
  }
  await syncFolder(dir)
}

async function syncFolder(dir: string): Promise<void> {
  const folder = await open(dir, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

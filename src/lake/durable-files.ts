/** File steps that survive a power cut: a file is synced before it gets its name, a folder after it got a new entry. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { chmod, mkdir, open, rename, rm, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isMillraceError } from '../core/index.ts'
import { lakeError } from './errors.ts'

/** Others may read (the child that runs users' SQL has its own uid); the data folder above is private. */
const FOLDER_MODE = 0o755
/** Hashed at one time on the event loop: about a millisecond. */
const READ_BYTES = 1024 ** 2
/** Data files never change, so nobody may write them. */
const FILE_MODE = 0o444

export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true })
  await chmod(path, FOLDER_MODE)
}

export async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/** A rename is durable only after its folder is synced. */
export const syncFolder = (path: string): Promise<void> => syncFile(path)

export const sealFile = (path: string): Promise<void> => chmod(path, FILE_MODE)

/** Writes a whole small file under its final name: after a crash it is there completely or not at all. */
export async function writeDurably(
  path: string,
  text: string,
  written?: () => void | Promise<void>,
) {
  const temp = `${path}.temp`
  const file = await open(temp, 'w', 0o644)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temp, path)
  await written?.()
  await syncFolder(dirname(path))
}

/** Points a link elsewhere by one rename; `target` is relative to the link's folder. */
export async function switchLink(link: string, target: string): Promise<void> {
  const temp = `${link}.temp`
  await rm(temp, { force: true })
  await symlink(target, temp)
  await rename(temp, link)
  await syncFolder(dirname(link))
}

/** Called after so many bytes were read; resolves when reading may go on. */
export type Pace = (bytes: number) => Promise<void>

/** SHA-256 of a file's bytes, hex. */
export async function digestFile(path: string, pace?: Pace): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES })) {
    hash.update(chunk as Uint8Array)
    await pace?.((chunk as Uint8Array).length)
  }
  return hash.digest('hex')
}

/** Removes everything in a folder. */
export async function emptyFolder(path: string, names: readonly string[]): Promise<void> {
  for (const name of names) await rm(join(path, name), { recursive: true, force: true })
}

/** The disk's refusal as one of ours. DuckDB reports it as text, Node as a code. */
export function storageError(error: unknown, what: string): Error {
  if (isMillraceError(error)) return error
  const cause = error instanceof Error ? error : new Error(String(error))
  const code = (cause as NodeJS.ErrnoException).code ?? ''
  if (
    ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(code) ||
    /no space left|disk quota|file too large/i.test(cause.message)
  ) {
    return lakeError(
      'LAKE_STORAGE_FULL',
      `${what} was not stored, the disk is full: free some space, writing goes on by itself`,
      { cause, retryAfterSeconds: 5 },
    )
  }
  return lakeError(
    'LAKE_STORAGE_FAILED',
    `${what} was not stored: ${cause.message.split('\n')[0]}`,
    { cause, retryAfterSeconds: 5 },
  )
}

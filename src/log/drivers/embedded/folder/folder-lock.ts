/**
 * One owner of a data folder, without help of the kernel (Node has no flock), and without a step by hand after a kill.
 *
 * The lock is a row of files `lock.1`, `lock.2`, …; the highest number is the only one that counts. Its content says who
 * made it; one without content was given back.
 *
 * To take it: list; if the highest belongs to a live process, it is in use. Otherwise write a temporary file with one's own
 * name and `link` it to the next number. `link` is atomic and fails when the name is there, so of two starters that saw
 * the same dead owner only one gets the number; the file is never seen half written, as it would be after
 * open-exclusive-then-write. Then list again: whoever does not see his own number as the highest gives it up.
 *
 * The second look closes the last gap: a starter may list while an owner is taking number n + 1 and removing n, see
 * neither, and link a low number. But n + 1 was linked before n was removed, so the second look finds it.
 *
 * Numbers only go up and the highest is never removed, not even when the log is closed (it is emptied): if a
 * number came back, a starter that had read the old file under it could believe that nothing had changed.
 */
import { join } from 'node:path'
import { isMillraceError } from '../../../../core/index.ts'
import { logError } from '../../../errors.ts'
import { readText, TEMPORARY_SUFFIX, writeText } from './durable-file.ts'
import type { ProcessTable } from './process-table.ts'
import { storageCode, unlinkIfThere, type Storage } from '../storage.ts'

export interface FolderLock {
  /** Idempotent. */
  release(): Promise<void>
}

interface Owner {
  readonly pid: number
  readonly bootId: string
  /** Start of the process, as the process table says it. */
  readonly start: string
}

const PREFIX = 'lock.'
/** A starter loses a race only to one that got further; more than a few losses in a row mean a broken file system. */
const MAX_ATTEMPTS = 20

/** Throws LOG_IN_USE. The folder must exist. */
export async function lockFolder(
  storage: Storage,
  processes: ProcessTable,
  folder: string,
  token: string,
): Promise<FolderLock> {
  const me: Owner = {
    pid: processes.pid,
    bootId: await processes.bootId(),
    start: (await processes.startOf(processes.pid)) ?? '',
  }
  const temporary = join(folder, `${PREFIX}${me.pid}-${token}${TEMPORARY_SUFFIX}`)
  await writeText(storage, temporary, JSON.stringify(me))
  try {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const highest = await highestNumber(storage, folder)
      await refuseLiveOwner(storage, processes, folder, highest)
      const path = join(folder, `${PREFIX}${highest + 1}`)
      if (!(await tryLink(storage, temporary, path))) continue
      if ((await highestNumber(storage, folder)) !== highest + 1) {
        await unlinkIfThere(storage, path)
        continue
      }
      await removeLower(storage, folder, highest + 1)
      return { release: () => giveBack(storage, path) }
    }
  } finally {
    await unlinkIfThere(storage, temporary)
  }
  throw logError(
    'LOG_IN_USE',
    `could not lock ${folder}: other processes keep taking it; try again`,
  )
}

async function refuseLiveOwner(
  storage: Storage,
  processes: ProcessTable,
  folder: string,
  number: number,
): Promise<void> {
  const owner = await readOwner(storage, join(folder, `${PREFIX}${number}`))
  if (owner === undefined) return
  if (owner.bootId !== (await processes.bootId())) return
  if ((await processes.startOf(owner.pid)) !== owner.start) return
  const who = owner.pid === processes.pid ? 'this process' : 'another process'
  throw logError(
    'LOG_IN_USE',
    `data folder ${folder} is in use by ${who} (pid ${owner.pid}): stop it, attach to it, or choose another data folder`,
    { details: { folder, pid: owner.pid } },
  )
}

/** The owner that a lock file names; undefined for one that was given back or that a power cut left without content. */
async function readOwner(storage: Storage, path: string): Promise<Owner | undefined> {
  try {
    const text = await readText(storage, path)
    const owner = text === undefined ? undefined : (JSON.parse(text) as Partial<Owner>)
    // A damaged one names nobody: it must not keep everybody out.
    const isWhole =
      typeof owner?.pid === 'number' &&
      typeof owner.bootId === 'string' &&
      typeof owner.start === 'string'
    return isWhole ? (owner as Owner) : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw isMillraceError(error) ? error : ioFailed(path, error)
  }
}

const numberOf = (name: string): number => {
  const digits = /^lock\.(\d+)$/.exec(name)?.[1]
  return digits === undefined ? 0 : Number(digits)
}

async function highestNumber(storage: Storage, folder: string): Promise<number> {
  return Math.max(0, ...(await storage.list(folder)).map(numberOf))
}

async function tryLink(storage: Storage, from: string, to: string): Promise<boolean> {
  try {
    await storage.link(from, to)
    return true
  } catch (error) {
    if (storageCode(error) === 'EEXIST') return false
    throw ioFailed(to, error)
  }
}

async function removeLower(storage: Storage, folder: string, mine: number): Promise<void> {
  for (const name of await storage.list(folder)) {
    const number = numberOf(name)
    if (number > 0 && number < mine) await unlinkIfThere(storage, join(folder, name))
  }
}

/** Only the owner changes its number. A file without content has no owner, and emptying one works on a full disk too. */
async function giveBack(storage: Storage, path: string): Promise<void> {
  try {
    await emptyFile(storage, path)
  } catch {
    await writeText(storage, path + TEMPORARY_SUFFIX, '')
    await storage.rename(path + TEMPORARY_SUFFIX, path)
  }
}

async function emptyFile(storage: Storage, path: string): Promise<void> {
  const file = await storage.open(path, 'write')
  try {
    await file.truncate(0)
  } finally {
    await file.close()
  }
}

const ioFailed = (path: string, cause: unknown): Error =>
  logError('LOG_STORAGE_FAILED', `could not use the lock ${path}: check the disk and its rights`, {
    cause,
  })

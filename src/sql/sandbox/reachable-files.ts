/**
 * Paths that the child can open. It works in the sandbox's folder and, as another user, has no right on the folders above:
 * files inside are named relative to it, and files elsewhere get a second name inside for as long as the query runs.
 */
import { chmod, copyFile, link, mkdtemp, readdir, rm } from 'node:fs/promises'
import { isAbsolute, join, relative } from 'node:path'
import type { SandboxView } from '../engine.ts'
import { sqlError } from '../errors.ts'

const FOLDER_PREFIX = '.query-'

export interface ReachableViews {
  readonly views: readonly SandboxView[]
  release(): Promise<void>
}

/** With an empty `dir` nothing is in the way and nothing is done. */
export async function reachableViews(
  dir: string,
  views: readonly SandboxView[],
): Promise<ReachableViews> {
  if (dir === '') return { views, release: async () => {} }
  let folder: string | undefined
  let names = 0
  const reach = async (file: string): Promise<string> => {
    const inside = relative(dir, file)
    if (!inside.startsWith('..') && !isAbsolute(inside)) return inside
    if (folder === undefined) {
      folder = await mkdtemp(join(dir, FOLDER_PREFIX))
      await chmod(folder, 0o755)
    }
    const path = join(folder, `${++names}.parquet`)
    // Another file system has no links across.
    await link(file, path).catch(() => copyFile(file, path))
    return relative(dir, path)
  }
  const release = async (): Promise<void> => {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  }
  try {
    const reached: SandboxView[] = []
    for (const view of views) {
      const names = new Map<string, string>()
      for (const file of view.files) names.set(file, await reach(file))
      const wholeFiles = (view.wholeFiles ?? []).flatMap((file) => names.get(file) ?? [])
      reached.push({ ...view, files: [...names.values()], wholeFiles })
    }
    return { views: reached, release }
  } catch (cause) {
    await release()
    throw sqlError('SQL_FAILED', 'a file of the tables cannot be read: try again', { cause })
  }
}

/** What queries left that were cut off by the end of the process. */
export async function removeLeftOvers(dir: string): Promise<void> {
  for (const name of await readdir(dir))
    if (name.startsWith(FOLDER_PREFIX)) await rm(join(dir, name), { recursive: true, force: true })
}

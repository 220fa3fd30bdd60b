/** The folders below a generation: `column=value/`, one level a partition column. Files are named relative to it. */
import { readdir, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { makeFolder, syncFolder } from './durable-files.ts'

/** Folders that are synced at one time: the disk puts them together, and open files stay few. */
const AT_A_TIME = 16

/** Names of all files, with their folders. */
export async function listFiles(generation: string): Promise<string[]> {
  const names: string[] = []
  const walk = async (folder: string): Promise<void> => {
    for (const entry of await readdir(join(generation, folder), { withFileTypes: true })) {
      const name = join(folder, entry.name)
      if (entry.isDirectory()) await walk(name)
      else names.push(name)
    }
  }
  await walk('')
  return names
}

/** Makes the folders of a file, each readable by all. Nothing is synced. */
export async function makeFolderOf(generation: string, name: string): Promise<void> {
  for (const folder of foldersOf(name).toReversed()) {
    if (folder !== '') await makeFolder(join(generation, folder))
  }
}

/** Makes the names of files durable: their folders and those above, up to and with the generation's own. */
export async function syncFoldersOf(generation: string, names: readonly string[]): Promise<void> {
  const folders = [...new Set(['', ...names.flatMap(foldersOf)])]
  for (let start = 0; start < folders.length; start += AT_A_TIME) {
    const some = folders.slice(start, start + AT_A_TIME)
    await Promise.all(some.map((folder) => syncFolder(join(generation, folder))))
  }
}

/** Removes folders without a file, which a commit that was cut short leaves. */
export async function removeEmptyFolders(generation: string): Promise<void> {
  const visit = async (folder: string): Promise<void> => {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (!entry.isDirectory()) continue
      const path = join(folder, entry.name)
      await visit(path)
      await rmdir(path).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
      })
    }
  }
  await visit(generation)
}

/** Deepest first, last the generation's own, which is the empty text. */
function foldersOf(name: string): string[] {
  const folders: string[] = []
  for (let folder = dirname(name); folder !== '.'; folder = dirname(folder)) folders.push(folder)
  return [...folders, '']
}

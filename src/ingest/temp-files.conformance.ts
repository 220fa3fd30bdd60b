/** Temporary files for the checks of this room; the caller removes them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface TempFiles {
  /** A new, empty folder. */
  folder(): Promise<string>
  /** Writes into a folder of its own and gives the path. */
  write(name: string, content: string | Uint8Array): Promise<string>
  remove(): Promise<void>
}

export function createTempFiles(): TempFiles {
  const folders: string[] = []
  const folder = async (): Promise<string> => {
    const path = await mkdtemp(join(tmpdir(), 'ingest-'))
    folders.push(path)
    return path
  }
  return {
    folder,
    async write(name, content) {
      const path = join(await folder(), name)
      await writeFile(path, content)
      return path
    },
    async remove() {
      for (const path of folders) await rm(path, { recursive: true, force: true })
    },
  }
}

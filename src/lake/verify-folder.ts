/** A lake that nobody has open: reads it and changes nothing. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { problemOf } from './integrity.ts'
import type { FileProblem } from './lake.ts'
import { layoutAt } from './layout.ts'
import { readManifest } from './manifest.ts'

export interface VerifiedTable {
  readonly table: string
  readonly files: number
  readonly bytes: number
  readonly problems: readonly FileProblem[]
}

/** Compares every file of every table with the newest manifest that can be read. Throws LAKE_FORMAT_NEWER. */
export async function verifyLakeFolder(dir: string): Promise<VerifiedTable[]> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => [])
  const names = entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
  const verified: VerifiedTable[] = []
  for (const name of names.toSorted()) {
    const layout = layoutAt(join(dir, name))
    const { state, damaged } = await readManifest(layout).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
      return { state: undefined, damaged: [] }
    })
    const problems: FileProblem[] = damaged.map((file) => ({
      file: `manifest/${file}`,
      problem: 'it does not match its digest; the record before it is used',
    }))
    for (const file of state?.files ?? []) {
      const path = join(layout.generation(state!.generation), file.name)
      const problem = await problemOf(file, path)
      if (problem !== undefined) problems.push({ file: file.name, problem })
    }
    const bytes = (state?.files ?? []).reduce((sum, file) => sum + file.bytes, 0)
    verified.push({ table: state?.table ?? name, files: state?.files.length ?? 0, bytes, problems })
  }
  return verified
}

/** A reader of the lake that shares nothing with the product: a plain listing of the folder and a foreign Parquet reader. */
import { createHash } from 'node:crypto'
import { readdir, readFile, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'

export interface LakeFileContent {
  readonly name: string
  readonly sha256: string
  readonly rows: readonly Record<string, unknown>[]
}

/** Every file of `<table>/current/`, in the order of its name. */
export async function readLake(dataDir: string, table: string): Promise<LakeFileContent[]> {
  const folder = await realpath(join(dataDir, 'lake', table, 'current'))
  const names = (await readdir(folder)).filter((name) => name.endsWith('.parquet')).toSorted()
  return Promise.all(
    names.map(async (name) => {
      const bytes = await readFile(join(folder, name))
      const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
      const rows = (await parquetReadObjects({ file, compressors })) as Record<string, unknown>[]
      return { name, sha256: createHash('sha256').update(bytes).digest('hex'), rows }
    }),
  )
}

/** Anomalies by name, as Jepsen's queue checker names them; empty is right. */
export function anomaliesOf(files: readonly LakeFileContent[]): string[] {
  const found: string[] = []
  const ends = new Map<string, number>()
  for (const { name, rows } of files) {
    const [, partition, first, last] = /-(\d+)-(\d{20})-(\d{20})\.parquet$/.exec(name) ?? []
    if (partition === undefined || first === undefined || last === undefined) {
      found.push(`unreadable name ${name}`)
      continue
    }
    const next = ends.get(partition) ?? 0
    if (Number(first) > next) found.push(`gap before ${name}: expected offset ${next}`)
    if (Number(first) < next) found.push(`overlap at ${name}: expected offset ${next}`)
    const offsets = rows.map((row) => Number(row['_offset']))
    if (offsets.some((offset, index) => index > 0 && offset <= (offsets[index - 1] ?? 0)))
      found.push(`reordered or duplicate rows in ${name}`)
    if (offsets.some((offset) => offset < Number(first) || offset > Number(last)))
      found.push(`${name} holds an offset outside its name`)
    ends.set(partition, Number(last) + 1)
  }
  return found
}

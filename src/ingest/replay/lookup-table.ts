/** The reference files of a lookup, in memory, by key as text. */
import { quote, type Column } from '../../core/index.ts'
import { ingestError } from '../errors.ts'
import { planRows } from '../rows/row-json.ts'
import type { DataFolder } from '../sources/data-folder.ts'
import { openFileSource } from '../sources/open-source.ts'

/** A column to add: its name, and `"name":value` in JSON. */
export interface Member {
  readonly name: string
  readonly json: string
}

export interface MemberTable {
  readonly values: ReadonlyMap<string, readonly Member[]>
  readonly duplicateKeys: number
  readonly duplicateSample: readonly string[]
  readonly badCells: number
}

const SAMPLE = 20

/** `columns`: the topic's, for the types of what is taken; a column that the topic does not have is text. */
export async function loadMembers(
  folder: DataFolder,
  name: string,
  key: string,
  take: readonly string[],
  columns: readonly Column[],
): Promise<MemberTable> {
  const writers = take.map((column) => {
    const type = columns.find((one) => one.name === column)?.type ?? 'text'
    return { column, write: planRows([column], [{ name: column, type, nullable: true }]).write }
  })
  const values = new Map<string, readonly Member[]>()
  const repeated = new Set<string>()
  let duplicateKeys = 0
  let badCells = 0
  for await (const row of readRows(folder, name, [key, ...take])) {
    const id = row[key]
    if (id === undefined) continue
    if (values.has(id)) {
      duplicateKeys++
      if (repeated.size < SAMPLE) repeated.add(id)
      continue
    }
    const members: Member[] = []
    for (const { column, write } of writers) {
      const text = row[column]
      if (text === undefined) continue
      const json = write([text])
      if (typeof json === 'string') members.push({ name: column, json: json.slice(1, -1) })
      else badCells++
    }
    values.set(id, members)
  }
  return { values, duplicateKeys, duplicateSample: [...repeated], badCells }
}

/** From one id space to another. The first row of an id counts. */
export async function loadIds(
  folder: DataFolder,
  name: string,
  from: string,
  to: string,
): Promise<ReadonlyMap<string, string>> {
  const ids = new Map<string, string>()
  for await (const row of readRows(folder, name, [from, to])) {
    const id = row[from]
    const other = row[to]
    if (id !== undefined && other !== undefined && !ids.has(id)) ids.set(id, other)
  }
  return ids
}

/** The wanted fields of each row as text (ids keep their leading zeros); empty ones are absent, bad rows left out. */
async function* readRows(
  folder: DataFolder,
  name: string,
  fields: readonly string[],
): AsyncGenerator<Readonly<Record<string, string>>> {
  const file = await folder.find(name)
  if (!file) {
    throw ingestError(
      'INGEST_UNKNOWN_SOURCE',
      `there is no file ${quote(name)} in ${quote(folder.path)}: add it, or remove the lookup`,
    )
  }
  const columns = fields.map((field): Column => ({ name: field, type: 'text', nullable: true }))
  const source = await openFileSource(file, { header: true, columns })
  const missing = fields.find((field) => !source.fields.includes(field))
  if (missing !== undefined && source.fields.length > 0) {
    throw ingestError(
      'INGEST_SOURCE_FAILED',
      `lookup file ${quote(name)} has no column ${quote(missing)}, its columns are ${quote(source.fields.join(', '))}`,
    )
  }
  for await (const chunk of source.events(1)) {
    for (const { bytes, problem } of chunk) {
      if (!problem) yield JSON.parse(Buffer.from(bytes).toString()) as Record<string, string>
    }
  }
}

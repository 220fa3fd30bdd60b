/**
 * The batches of a table as files, one each, from the REST API: `movielens_batch_1795279240_12.csv`. The number in the middle
 * is when the oldest batch was closed, in seconds since 1970, so a later export gives the same names and only adds to them.
 */
import { createWriteStream } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { BatchAnswer, SqlAnswer, StatusAnswer, TopicAnswer } from '../api/index.ts'
import { sqlName } from '../core/index.ts'
import { path, query, type ApiClient } from './api-client.ts'
import { csvLine } from './csv-line.ts'
import { cliError } from './errors.ts'
import { userPath } from './instance.ts'

export type ExportFormat = 'csv' | 'ndjson'

export interface BatchExport {
  /** Default: the table that the app's models learn from. */
  readonly table?: string
  readonly to: string
  readonly format: ExportFormat
  readonly signal: AbortSignal
}

export interface ExportedBatch {
  readonly batch: number
  readonly path: string
  readonly rows: number
}

const PAGE_ROWS = 5_000

/** Throws CLI_USAGE when no table is named and none is the obvious one, LAKE_UNKNOWN_TABLE. */
export async function exportBatches(api: ApiClient, wanted: BatchExport): Promise<ExportedBatch[]> {
  const status = await api.get<StatusAnswer>('/v1/status')
  const table = wanted.table ?? obviousTable(status)
  const topic = status.tables.find(({ name }) => name === table)?.topic ?? table
  // What the events hold; their place in the log, and what folders are named by, are the table's.
  const { columns = [] } = await api.get<TopicAnswer>(path`/v1/topics/${topic}`)
  const names = columns.map(({ name }) => name)
  const batches = await committed(api, table)
  const epoch = Math.floor(Date.parse(batches[0]?.closedAt ?? '') / 1_000)
  const folder = userPath(wanted.to)
  await mkdir(folder, { recursive: true })
  const written: ExportedBatch[] = []
  for (const batch of batches) {
    const name = `${status.app}_batch_${epoch}_${batch.number}.${wanted.format}`
    const file = join(folder, name)
    let rows = 0
    const lines = async function* (): AsyncGenerator<string> {
      if (wanted.format === 'csv') yield csvLine(names)
      for await (const row of rowsOf(api, table, names, batch)) {
        wanted.signal.throwIfAborted()
        rows += 1
        yield wanted.format === 'csv' ? csvLine(row.map(cellText)) : jsonLine(names, row)
      }
    }
    // A file under its name is whole.
    await pipeline(Readable.from(lines()), createWriteStream(`${file}.part`))
    await rename(`${file}.part`, file)
    written.push({ batch: batch.number, path: file, rows })
  }
  return written
}

/** The one table that models learn from, else the only table of the app. */
function obviousTable({ tables, models }: StatusAnswer): string {
  const learnt = new Set(models.map(({ table }) => table))
  const own = tables.filter(({ topic }) => !topic.startsWith('__')).map(({ name }) => name)
  const [first] = learnt.size > 0 ? learnt : own
  if (first !== undefined && (learnt.size === 1 || (learnt.size === 0 && own.length === 1))) {
    return first
  }
  throw cliError(
    'CLI_USAGE',
    `say which table: millrace batches export <table>, one of ${own.join(', ')}`,
  )
}

/** All that are in files, oldest first. */
async function committed(api: ApiClient, table: string): Promise<BatchAnswer[]> {
  const found: BatchAnswer[] = []
  let before: number | undefined
  do {
    const page = await api.get<{ batches: BatchAnswer[]; next: number | null }>(
      `${path`/v1/tables/${table}/batches`}${query({ limit: 1_000, before })}`,
    )
    found.unshift(...page.batches.filter(({ state }) => state === 'committed'))
    before = page.next ?? undefined
  } while (before !== undefined)
  return found
}

/** In the order of the log. */
async function* rowsOf(
  api: ApiClient,
  table: string,
  names: readonly string[],
  batch: BatchAnswer,
): AsyncGenerator<readonly unknown[]> {
  const list = [...names, '_offset'].map(sqlName).join(', ')
  for (const { partition, first, last } of batch.ranges) {
    let from = first
    for (;;) {
      const { rows, truncated } = await api.post<SqlAnswer>('/v1/sql', {
        sql: `select ${list} from ${sqlName(table)} where _partition = ? and _offset between ? and ? order by _offset`,
        params: [partition, from, last],
        maxRows: PAGE_ROWS,
      })
      for (const row of rows) yield row.slice(0, -1)
      const end = rows.at(-1)?.at(-1)
      if (!truncated || end === undefined) break
      from = Number(end) + 1
    }
  }
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}

const jsonLine = (names: readonly string[], row: readonly unknown[]): string =>
  `${JSON.stringify(Object.fromEntries(names.map((name, at) => [name, row[at]])))}\n`

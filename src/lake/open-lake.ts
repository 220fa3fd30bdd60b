import { chmod, rm } from 'node:fs/promises'
import { defaultLimits, quote, type Clock, type Logger } from '../core/index.ts'
import { openSqlEngine, type SqlEngine } from '../sql/index.ts'
import { makeFolder, storageError } from './durable-files.ts'
import { closedError } from './closed-error.ts'
import { lakeError } from './errors.ts'
import type { Failpoint } from './failpoint.ts'
import { openLakeTable, type OpenLakeTable } from './lake-table.ts'
import type { Lake, TableSpec } from './lake.ts'
import { tableLayout } from './layout.ts'
import { writeRowsTo } from './parquet-writer.ts'
import { tableColumns } from './record-columns.ts'

export interface LakeOptions {
  /** Folder of the lake; one process at a time, which the owner of the data folder sees to. */
  readonly dir: string
  readonly clock: Clock
  readonly logger: Logger
  /** Tables of so many bytes are compared with their digests before they are first read. Default 1 GiB. */
  readonly checkBytes?: number
  /** For tests: called between the steps of a commit and of a compaction. */
  readonly failpoint?: Failpoint
}

/** One thread: with more, the order of row groups and so the bytes would depend on the scheduler. */
const openWriter = (): Promise<SqlEngine> => openSqlEngine({ threads: 1 })

export async function openLake(options: LakeOptions): Promise<Lake> {
  await makeFolder(options.dir)
  const engine = await openWriter()
  /** Rows for a query must not wait behind a batch. */
  let tailEngine: Promise<SqlEngine> | undefined
  const tables = new Map<string, Promise<OpenLakeTable>>()
  const opened = new Map<string, OpenLakeTable>()
  let closed: Promise<void> | undefined

  const open = async (spec: TableSpec): Promise<OpenLakeTable> => {
    const { name, topic, partitionBy = [], maintenance = {} } = spec
    const of = { name, topic, partitionBy, maintenance }
    const checkBytes = options.checkBytes ?? defaultLimits.lakeCheckBytes
    const context = { ...options, ...of, checkBytes, engine, openMergeEngine: openWriter }
    const table = await openLakeTable(
      { ...context, failpoint: options.failpoint, layout: tableLayout(options.dir, name) },
      tableColumns(spec),
    )
    opened.set(name, table)
    return table
  }

  return {
    async openTable(spec) {
      if (closed) throw closedError(spec.name)
      if (tables.has(spec.name))
        throw lakeError(
          'LAKE_SCHEMA_CONFLICT',
          `table ${quote(spec.name)} is open already: use table()`,
        )
      const table = open(spec)
      tables.set(spec.name, table)
      table.catch(() => tables.delete(spec.name))
      return table
    },
    table(name) {
      const table = opened.get(name)
      if (table) return table
      throw lakeError(
        'LAKE_UNKNOWN_TABLE',
        `there is no table ${quote(name)}: ${opened.size === 0 ? 'no table is open' : `the tables are ${[...opened.keys()].join(', ')}`}`,
        { details: { table: name } },
      )
    },
    tables: () => [...opened.values()],
    async writeRows(path, columns, rows) {
      if (closed) throw closedError(path)
      tailEngine ??= openWriter()
      try {
        await writeRowsTo(await tailEngine, path, { ...rows, columns })
        await chmod(path, 0o444)
      } catch (error) {
        await rm(path, { force: true })
        throw storageError(error, 'the rows of a query')
      }
    },
    close() {
      closed ??= (async () => {
        await Promise.all([...opened.values()].map((table) => table.close()))
        await engine.close()
        await (await tailEngine)?.close()
      })()
      return closed
    },
  }
}

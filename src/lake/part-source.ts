/** Where the rows of one file come from: cells in memory, or a staged file. */
import type { Column, ColumnarRows } from '../core/index.ts'
import type { SqlEngine } from '../sql/index.ts'
import { copyStagedTo, writeRowsTo, type FileFacts } from './parquet-writer.ts'
import type { StagedPart } from './staging/batch-stager.ts'

export interface PartSource {
  readonly length: number
  /** Columns of the file. */
  readonly columns: readonly Column[]
  /** Time of the newest record; undefined without rows. */
  readonly newest: number | undefined
  /** Writes the file under `path`, which is overwritten. Not synced. */
  writeTo(engine: SqlEngine, path: string, facts: FileFacts): Promise<void>
}

export function cellSource(rows: ColumnarRows): PartSource {
  const { columns, values, length } = rows
  const times = values[columns.findIndex(({ name }) => name === '_timestamp')] ?? []
  return {
    length,
    columns,
    get newest() {
      let newest = -Infinity
      for (const time of times) newest = Math.max(newest, Number(time))
      return length === 0 ? undefined : newest
    },
    writeTo: (engine, path, facts) => writeRowsTo(engine, path, rows, facts),
  }
}

/** `staged`: the columns of the staged file. */
export function stagedSource(
  part: StagedPart,
  topic: string,
  staged: readonly Column[],
  columns: readonly Column[],
): PartSource {
  return {
    length: part.rows,
    columns,
    newest: part.newest,
    writeTo: (engine, path, facts) =>
      copyStagedTo(engine, path, { ...part, topic, staged }, columns, facts),
  }
}

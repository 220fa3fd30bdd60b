import type { SandboxView } from '../sql/index.ts'
import type { TableSnapshot } from './lake.ts'

/**
 * A snapshot as a table that a user's SQL may read. `tailFiles` are absolute paths of files written with `writeRows`:
 * the rows that follow the snapshot.
 */
export function sandboxView(
  snapshot: TableSnapshot,
  tailFiles: readonly string[] = [],
): SandboxView {
  return {
    name: snapshot.table,
    columns: snapshot.columns,
    partitionColumns: snapshot.partitionBy.map(({ name }) => name),
    wholeFiles: snapshot.files
      .filter(({ columnCount }) => columnCount === snapshot.columns.length)
      .map((file) => snapshot.path(file)),
    files: [...snapshot.files.map((file) => snapshot.path(file)), ...tailFiles],
  }
}

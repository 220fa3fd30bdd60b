import { join } from 'node:path'
import type { TableSnapshot } from './lake.ts'
import type { TableLayout } from './layout.ts'
import type { TableState } from './manifest.ts'

/** A snapshot names files in their generation folder, never through `current`, so a switch does not move them. */
export function snapshotOf(layout: TableLayout, state: TableState): TableSnapshot {
  const folder = layout.generation(state.generation)
  const sum = (field: 'rows' | 'bytes'): number =>
    state.files.reduce((total, file) => total + file[field], 0)
  return {
    table: state.table,
    version: state.version,
    columns: state.columns,
    partitionBy: state.partitionBy ?? [],
    files: state.files,
    path: (file) => join(folder, file.name),
    rows: sum('rows'),
    bytes: sum('bytes'),
    expiredRows: state.expiredRows ?? 0,
    ends: new Map(state.ends),
    lastBatch: state.lastBatch,
  }
}

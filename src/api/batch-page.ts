import type { RunningApp } from '../app/index.ts'

type Batch = ReturnType<NonNullable<ReturnType<RunningApp['sinks']['get']>>['batches']>[number]

/** The batches of a table, or of all of them; oldest first. Throws LAKE_UNKNOWN_TABLE. */
export function batchesOf(app: RunningApp, table?: string): readonly Batch[] {
  if (table !== undefined) {
    app.lake.table(table)
    return app.sinks.get(table)?.batches() ?? []
  }
  return [...app.sinks.values()]
    .flatMap((sink) => sink.batches())
    .toSorted((a, b) => a.closedAt.localeCompare(b.closedAt) || a.number - b.number)
}

/** Connects tables to the trainer: committed batches, files, and the views that read the table. */
import type { FeatureStore, FeatureViewSpec } from '../../features/index.ts'
import type { Lake } from '../../lake/index.ts'
import type { TableSink } from '../../stream/index.ts'
import type { TrainingSource } from '../../training/index.ts'
import { featureTableOf, type TableDefinition } from './open-tables.ts'

export function trainingSources(options: {
  readonly tables: readonly TableDefinition[]
  readonly views: readonly FeatureViewSpec[]
  readonly features: FeatureStore
  readonly lake: Lake
  readonly sinks: ReadonlyMap<string, TableSink>
}): ReadonlyMap<string, TrainingSource> {
  const sources = new Map<string, TrainingSource>()
  for (const definition of options.tables) {
    const sink = options.sinks.get(definition.table)
    if (!sink) continue
    const table = options.lake.table(definition.table)
    const own = new Set(
      options.features.views
        .filter((view) => view.table === definition.table)
        .map(({ name }) => name),
    )
    sources.set(definition.table, {
      table: featureTableOf(definition),
      views: options.views.filter(({ name }) => own.has(name)),
      batches: () => sink.batches().filter(({ state }) => state === 'committed'),
      snapshot: () => table.snapshot(),
      check: (snapshot) => table.check(snapshot),
      onBatch: (listener) => sink.onBatch(listener),
    })
  }
  return sources
}

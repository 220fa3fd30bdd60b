/** What the trainer sees of a table: its batches, its files, its features. The app room connects it to a sink. */
import type { FeatureTable, FeatureViewSpec } from '../features/index.ts'
import type { TableSnapshot } from '../lake/index.ts'
import type { Batch } from '../stream/index.ts'

export interface TrainingSource {
  readonly table: FeatureTable
  /** All declared views of the table. */
  readonly views: readonly FeatureViewSpec[]
  /** Ascending numbers. */
  batches(): readonly Batch[]
  snapshot(): TableSnapshot
  /** Throws LAKE_CORRUPT when a file of the snapshot is damaged. */
  check(snapshot: TableSnapshot): Promise<void>
  onBatch(listener: (batch: Batch) => void): () => void
}

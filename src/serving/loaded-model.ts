/** One version in memory. */
import type { ClusterProfile, FittedRows } from '../models/index.ts'
import type { ModelVersion } from '../registry/index.ts'
import type { InputPlan } from './row-reader.ts'

export interface LoadedModel {
  readonly record: ModelVersion
  readonly fitted: FittedRows
  readonly plan: InputPlan
  /** Regressors: what answers are clipped to. */
  readonly range: readonly [low: number, high: number] | undefined
  /** Clusterers. */
  readonly profiles: readonly ClusterProfile[]
  readonly loadedAt: string
}

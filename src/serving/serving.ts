/**
 * Models in memory. A promotion loads the new version beside the old one and swaps one reference; a request holds the
 * version that it began with, so every answer is of one version whole.
 *
 * Guarantees: **V1** an answer names one version and digest and is what that version computes. **V2** no request fails
 * because of a swap. **V3** a version that cannot be loaded is not served; the one before goes on, and readiness says so.
 * **V4** unknown entities get the declared fallback, named in the answer, never an error. **V5** outputs are finite.
 */
import type { Cell } from '../core/index.ts'
import type { ClusterProfile, TaskName } from '../models/index.ts'

/** One row to predict: entity keys and columns by name. Ids may be numbers or text. */
export type PredictRow = Readonly<Record<string, Cell | undefined>>

export interface Fallback {
  /** Columns whose entity or level the model has never seen. */
  readonly unknown: readonly string[]
  /** What was used instead, in words. */
  readonly used: string
}

export interface Prediction {
  /** Classifier. */
  readonly label?: 0 | 1
  readonly probability?: number
  /** Regressor. */
  readonly value?: number
  /** Clusterer. */
  readonly cluster?: number
  readonly clusterLabel?: string
  readonly distance?: number
  readonly fallback?: Fallback
}

export interface PredictAnswer {
  readonly model: string
  readonly task: TaskName
  readonly version: number
  readonly digest: string
  /** Which set the version was trained on: design of `VersionDraft.set`. */
  readonly set: { readonly scheme: string; readonly part: number; readonly of?: number }
  /** Largest event time known to the features that were used, as a number; null without features. */
  readonly dataAsOf: number | null
  readonly predictions: readonly Prediction[]
}

export interface PredictOptions {
  /** Version number or alias; default `champion`. */
  readonly version?: number | string
}

export interface LiveModel {
  readonly model: string
  readonly task: TaskName
  readonly version: number
  readonly digest: string
  readonly loadedAt: string
  /** Set when a newer promoted version could not be loaded. */
  readonly problem?: string
}

export interface Serving {
  /**
   * Throws SERVING_NOT_READY (no version yet; `details.waiting` says what is missing), REGISTRY_UNKNOWN_MODEL,
   * REGISTRY_UNKNOWN_VERSION, SERVING_INVALID_ROW (with one issue per row and field).
   */
  predict(
    model: string,
    rows: readonly PredictRow[],
    options?: PredictOptions,
  ): Promise<PredictAnswer>
  live(): readonly LiveModel[]
  profiles(model: string, version?: number | string): Promise<readonly ClusterProfile[]>
  /** Resolves when what is promoted now is loaded. */
  settled(): Promise<void>
  close(): Promise<void>
}

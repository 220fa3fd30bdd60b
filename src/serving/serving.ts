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

/**
 * One row to predict: entity keys, columns and categories by name; other fields are left alone. Ids are whole numbers or
 * text. Columns are numbers (or booleans, as 0 and 1); `null` is a missing value. Instead of an entity's key a row may give
 * all the features of its view as numbers.
 */
export type PredictRow = Readonly<Record<string, Cell | undefined>>

export interface Fallback {
  /** Columns whose entity or level was never seen, and those without a value. */
  readonly unknown: readonly string[]
  /** What was used instead, in words. */
  readonly used: string
}

/** One input's part of an answer. */
export interface Reason {
  /** Name of a feature or category. */
  readonly feature: string
  /** What it has for this row; null when it is missing. */
  readonly value: number | string | null
  /** What it added to the score: log-odds of label 1, or units of a regressor's value. */
  readonly effect: number
}

/** The whole account of an answer: base + Σ effects = score. */
export interface Explained {
  /** The score of a row of which nothing is known. */
  readonly base: number
  /** A classifier's log-odds of label 1 (natural logarithm); a regressor's value before it is clipped to its range. */
  readonly score: number
  /** Every input of the model, largest effects first. */
  readonly contributions: readonly Reason[]
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
  /** Largest effects first, as many as were asked for. Not of a clusterer. */
  readonly reasons?: readonly Reason[]
  /** When it was asked for. Not of a clusterer. */
  readonly explanation?: Explained
}

/** An entity's own prediction. */
export interface EntityScore extends Prediction {
  readonly entity: string
}

/** Every entity that has features now. */
export interface ScoresAnswer extends Omit<PredictAnswer, 'predictions'> {
  /** Column that names the entity. */
  readonly key: string
  /** Highest probability or value first, ties by entity. */
  readonly scores: readonly EntityScore[]
}

export interface PredictAnswer {
  readonly model: string
  readonly task: TaskName
  readonly version: number
  readonly digest: string
  /** Which set the version was trained on: design of `VersionDraft.set`. */
  readonly set: { readonly scheme: string; readonly part: number; readonly of?: number }
  /**
   * Largest event time that the answer can know of, as a number: of the online features that were used, or of the training
   * set for a model without any; null before the first event.
   */
  readonly dataAsOf: number | null
  readonly predictions: readonly Prediction[]
}

export interface PredictOptions {
  /** Version number or alias; default `champion`. */
  readonly version?: number | string
  /** Handed on to the prediction log. */
  readonly requestId?: string
  /** So many reasons with each prediction. Default 0. */
  readonly reasons?: number
  /** The whole explanation with each prediction. Default false. */
  readonly explain?: boolean
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
   * REGISTRY_UNKNOWN_VERSION, REGISTRY_UNKNOWN_ALIAS, SERVING_INVALID_ROW (`details.issues`: one per row and field, with
   * pointers such as `/rows/3/movieId`), SERVING_UNUSABLE_VERSION, REGISTRY_CORRUPT.
   */
  predict(
    model: string,
    rows: readonly PredictRow[],
    options?: PredictOptions,
  ): Promise<PredictAnswer>
  /**
   * What the model says of every entity of its feature views, as of the newest events. Not in the prediction log. Throws what
   * `predict` throws, and CORE_INVALID_INPUT for a clusterer or a model whose inputs are not those of one entity.
   */
  scores(model: string, options?: Pick<PredictOptions, 'version'>): Promise<ScoresAnswer>
  /** The models that serve now; one that is declared but not here has no version yet. */
  live(): readonly LiveModel[]
  /** Models whose promoted version cannot serve, each with the reason: for readiness (V3). */
  problems(): readonly { readonly model: string; readonly problem: string }[]
  /** Of a clusterer. Throws CORE_INVALID_INPUT for another task, and what `predict` throws. */
  profiles(model: string, version?: number | string): Promise<readonly ClusterProfile[]>
  /** Resolves when what is promoted now is loaded. */
  settled(): Promise<void>
  close(): Promise<void>
}

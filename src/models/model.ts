/**
 * The contract of a model. A *kind* (logistic, ridge, bias, kmeans, …) is data plus functions: name, task, summary,
 * parameter schema, `fit`, `load`. A *task* (classifier, regressor, clusterer) says what a fitted model can be asked.
 *
 * Guarantees, each held by a test of the same number in `model.conformance.ts`:
 * - **M1** `fit` and the predictions do not change their inputs.
 * - **M2** the same data, parameters and seed give the same artifact, byte for byte.
 * - **M3** `load(save())` predicts the same bits.
 * - **M4** the order of features and categories (names and values moved together) does not change an artifact or a
 *   prediction: kinds sort by name before they compute.
 * - **M5** degenerate data (no row, one row, one class, constant, missing or huge values) gives finite predictions or
 *   MODEL_TOO_FEW_ROWS / MODEL_INVALID_DATA; never NaN out. Infinite values count as missing.
 * - **M6** unknown category levels and missing values have a declared answer, with `unknown` set in the prediction; a column
 *   that was there in `fit` and is not in the input is MODEL_INVALID_DATA, one that is new is ignored.
 * - **M7** `fit` ends within 100 ms of its signal, with the signal's reason.
 * - **M8** `explain` accounts for every answer: base + Σ contributions = score for each row, up to rounding, and the score is
 *   the log-odds of `predictProba` or the value of `predict`.
 * - **M9** every kind learns from weights: a row of weight 3 counts as three rows (but one, where fewest rows are asked for).
 */
import type { z } from 'zod'
import type { FittedRecommender } from './recommender.ts'

/** Tasks that learn from rows of features; this file is about them. */
export type RowTaskName = 'classifier' | 'regressor' | 'clusterer'
/** `recommender` learns from interactions: `recommender.ts`. */
export type TaskName = RowTaskName | 'recommender'

/** Numeric inputs. */
export interface FeatureMatrix {
  /** Unique; the order of the columns in `values`. */
  readonly names: readonly string[]
  readonly rows: number
  /** rows × names.length, row-major. NaN is a missing value. */
  readonly values: Float64Array
}

/** Ids and other names. Ids are never numbers: a model that uses them learns one parameter per level. */
export interface CategoryColumn {
  readonly name: string
  /** Distinct values, in code order. */
  readonly levels: readonly string[]
  /** One code per row, an index into `levels`; −1 is missing or unknown. */
  readonly codes: Int32Array
  /** Levels of the version before by code: they keep their codes in the artifact (`category-levels.ts`). */
  readonly earlier?: readonly string[]
}

export interface Dataset {
  readonly matrix: FeatureMatrix
  readonly categories: readonly CategoryColumn[]
  /** One per row: 0 or 1 for a classifier, the value for a regressor, absent for a clusterer. */
  readonly label?: Float64Array
  /** One per row, > 0. Default: all 1. */
  readonly weight?: Float64Array
}

/** Rows to predict: the same columns as in `fit`, by name. */
export interface PredictInput {
  readonly matrix: FeatureMatrix
  /** Values as text, one per row, per category name; `null` is missing. */
  readonly categories: Readonly<Record<string, readonly (string | null)[]>>
}

export interface FitContext {
  readonly seed: number
  readonly signal?: AbortSignal
  /** 0 to 1. */
  readonly progress?: (done: number) => void
}

/** One learned tensor. */
export interface Tensor {
  readonly shape: readonly number[]
  readonly data: Float64Array | Float32Array | Int32Array | Uint8Array
}

/** A fitted model as data: JSON and tensors, no code. `model.json` + `tensors.safetensors` on disk (`artifact.ts`). */
export interface Artifact {
  readonly kind: string
  readonly task: TaskName
  /** Version of the kind's own format; a reader refuses a newer one. */
  readonly format: number
  readonly params: Readonly<Record<string, unknown>>
  /** Learned facts that are not tensors: feature names, levels, intercepts, profiles. */
  readonly facts: Readonly<Record<string, unknown>>
  readonly tensors: Readonly<Record<string, Tensor>>
}

export interface FittedBase {
  readonly kind: string
  save(): Artifact
}

/** Per row, the names of features or categories that were unknown or missing; absent when none was. */
export type Unknown = readonly (readonly string[] | undefined)[]

/** Why each row got its answer, as signed parts that sum to it. */
export interface Explanation {
  /** What the model learned from: features, then categories, each sorted by name. */
  readonly names: readonly string[]
  /** The score of a row of which nothing is known: the average row as far as the kind can tell. */
  readonly base: number
  /** rows × names.length, row-major: what each input added to the score, in its unit. */
  readonly contributions: Float64Array
  /** One per row: a classifier's log-odds of label 1 (natural logarithm), a regressor's value. */
  readonly score: Float64Array
}

/** By name of feature or category, ≥ 0, sum 1 (all 0 when nothing was learned): what the model's answers rest on. */
export type Importance = Readonly<Record<string, number>>

export interface ClassPrediction {
  /** Probability of label 1, 0 to 1. */
  readonly probability: Float64Array
  readonly unknown: Unknown
}
export interface FittedClassifier extends FittedBase {
  readonly task: 'classifier'
  predictProba(input: PredictInput): ClassPrediction
  explain(input: PredictInput): Explanation
  /** Kinds that measured it while they learned. */
  importance?(): Importance
}

export interface ValuePrediction {
  readonly value: Float64Array
  readonly unknown: Unknown
}
export interface FittedRegressor extends FittedBase {
  readonly task: 'regressor'
  predict(input: PredictInput): ValuePrediction
  explain(input: PredictInput): Explanation
  /** Kinds that measured it while they learned. */
  importance?(): Importance
}

export interface ClusterProfile {
  /** Stable over versions: see `FittedClusterer.matchTo`. */
  readonly id: number
  /** Made from the most distinguishing features: "high user_count, low user_mean". */
  readonly label: string
  readonly size: number
  readonly share: number
  /** Centroid in the original units, by feature name. */
  readonly centroid: Readonly<Record<string, number>>
}
export interface ClusterPrediction {
  readonly cluster: Int32Array
  /** Distance to the own centroid, in standardized units. */
  readonly distance: Float64Array
  readonly unknown: Unknown
}
export interface FittedClusterer extends FittedBase {
  readonly task: 'clusterer'
  assign(input: PredictInput): ClusterPrediction
  /** In the order of their ids. */
  profiles(): readonly ClusterProfile[]
  /**
   * The same model with the ids of an earlier version: each cluster takes the id of the one that it goes on from, so that
   * the summed distance between partners is smallest; a cluster without a partner gets an id above all earlier ones.
   * `fit` never looks back (M2); who registers a version calls this with the profiles of its parent.
   */
  matchTo(earlier: readonly ClusterProfile[]): FittedClusterer
}

export interface FittedByTask {
  classifier: FittedClassifier
  regressor: FittedRegressor
  clusterer: FittedClusterer
  recommender: FittedRecommender
}
export type Fitted = FittedByTask[TaskName]
/** Answers rows. */
export type FittedRows = FittedByTask[RowTaskName]

/** A kind of model. Its parameters are a zod object: every field with default, range, unit and description. */
export interface ModelKind<Task extends RowTaskName = RowTaskName, Params = unknown> {
  readonly name: string
  readonly task: Task
  readonly summary: string
  /** What it learns from; anything else in a dataset is ignored, and whoever declares a model should hear so. */
  readonly uses: { readonly features: boolean; readonly categories: boolean }
  readonly params: z.ZodType<Params>
  /** The trivial model that this one must beat: a kind of the same task; a baseline names itself. */
  readonly baseline: string
  /** What a search for parameters tries when the model does not say: a few values by parameter; empty: there is none to try. */
  readonly searchSpace: Readonly<Record<string, readonly unknown[]>>
  /** Most memory of a fit, bytes; stated before it starts, and never less for more rows. */
  memoryBytes(rows: number, features: number, levels: number, params: Params): number
  /** Throws MODEL_TOO_FEW_ROWS, MODEL_INVALID_DATA. `params`: the parsed ones (`parseParams`). */
  fit(data: Dataset, params: Params, context: FitContext): Promise<FittedByTask[Task]>
  /** Throws MODEL_ARTIFACT_INVALID. */
  load(artifact: Artifact): FittedByTask[Task]
}

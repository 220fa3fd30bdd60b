/**
 * A model as it is declared, as plain JSON: it goes to the training child, into the lineage and into the registry.
 */
import type { ModelInputs } from '../registry/index.ts'
import type { Combine } from '../core/index.ts'
import type { TaskName } from '../models/index.ts'
import type { SearchMethod } from './search/search.ts'

/** Which batches a training reads. Sets are made of batches; no row is stored twice. */
export type TrainingSet =
  /** Everything so far. By hand with `parts: n`: first n-th, first two n-ths, …, all. */
  | { readonly scheme: 'cumulative'; readonly parts: number }
  /** Only what came since the training before. By hand with `parts: n`: n pieces of equal numbers of batches. */
  | { readonly scheme: 'disjoint'; readonly parts: number }
  | { readonly scheme: 'last'; readonly batches: number }
  /** Event time: the last `lengthMs`, moved on by `slideMs`. */
  | { readonly scheme: 'sliding'; readonly lengthMs: number; readonly slideMs: number }

/** When to train by itself; first that fires. All absent: by hand only. */
export interface RetrainRule {
  readonly batches?: number
  readonly rows?: number
  readonly everyMs?: number
  /** Refreshes between full trainings, counted from the last of either. Recommenders only. */
  readonly refresh?: Omit<RetrainRule, 'refresh'>
}

export interface GateRule {
  /** Metric on the gate rows that decides: `auc`, `rmse`, `silhouette`, … */
  readonly metric: string
  /** How much worse than the champion a candidate may be, in the metric's unit. */
  readonly margin: number
  /** Fewest gate rows for a decision by figures; with fewer, the first version passes if it beats its baseline on the test rows. */
  readonly minRows: number
  /** Largest allowed move of the label share (or mean, in standard deviations) of the newest batch against the history. */
  readonly maxLabelShift: number
  /** Gate rows of batches 1 to so many judge every later version. Absent: none do. */
  readonly reference?: number
}

/** What a recommender learns from. Columns of the table. */
export interface InteractionSpec {
  readonly user: string
  readonly item: string
  /** Absent: every event counts 1. */
  readonly value?: string
  readonly combine: Combine
}

/** A classifier that looks ahead: what an entity does in the time after a cut-off. */
export interface Horizon {
  /** Longest window of its feature views, before each cut-off. */
  readonly windowMs: number
  /** How far ahead the label looks. */
  readonly predictMs: number
  /** Distance of two cut-offs. */
  readonly everyMs: number
}

/** More splits than the two that every training reports. */
export interface EvaluationSpec {
  /** Column whose rows stay together: no value of it both trains and tests. */
  readonly groupBy?: string
  /** 2 to 10: each row, or group, tests once. Absent: a fifth of them tests. */
  readonly folds?: number
}

/** At each training, other parameters are tried on a validation split; the best make the version. */
export interface SearchSpec {
  readonly method: SearchMethod
  readonly budgetMs: number
  /** Most combinations beside the declared parameters. */
  readonly trials: number
  /** Values to try, by parameter. Default: those of the kind. */
  readonly values?: Readonly<Record<string, readonly unknown[]>>
}

/** A search of one training, in place of the declared one. */
export type AskedSearch = Omit<SearchSpec, 'values'>

export interface ModelSpec {
  readonly name: string
  readonly task: TaskName
  readonly kind: string
  readonly params: Readonly<Record<string, unknown>>
  readonly table: string
  /** SQL expression over the table's columns. Absent for a clusterer. */
  readonly label?: string
  /** Rows are entities at cut-offs, and `label` is a condition on the events that follow. */
  readonly horizon?: Horizon
  /** Range that an answer is clipped to. */
  readonly range?: readonly [low: number, high: number]
  /** How much a row counts: a column of the table; of rows that are entities, a feature that is no input. */
  readonly weight?: string
  readonly inputs: ModelInputs
  /** View whose entities are clustered. Clusterers only. */
  readonly entityView?: string
  /** Recommenders only. */
  readonly interactions?: InteractionSpec
  /** Parameters are searched for at each training, beginning with `params`. */
  readonly search?: SearchSpec
  readonly set: TrainingSet
  readonly retrain: RetrainRule
  readonly gate: GateRule
  readonly evaluation?: EvaluationSpec
  /** Fewest labelled rows to train on. */
  readonly minRows: number
  readonly seed: number
}

export type JobState = 'queued' | 'running' | 'succeeded' | 'rejected' | 'failed' | 'cancelled'

export interface TrainingJob {
  readonly id: string
  readonly model: string
  readonly trigger: string
  /** Absent: a full training. */
  readonly mode?: 'refresh'
  readonly state: JobState
  /** 0 to 1. */
  readonly progress: number
  readonly set: {
    readonly scheme: string
    readonly part: number
    readonly of?: number
    readonly batches: readonly [number, number]
  }
  readonly queuedAt: string
  readonly startedAt?: string
  readonly endedAt?: string
  /** Stated before the training starts. */
  readonly memoryBytes?: number
  readonly version?: number
  readonly error?: { readonly code: string; readonly message: string }
}

export interface TrainRequest {
  readonly model: string
  readonly trigger: string
  /** By hand: number of sets; each becomes a version. Default: the newest set only. */
  readonly parts?: number
  readonly scheme?: 'cumulative' | 'disjoint'
  /** A search for this training alone; the values are those that are declared. */
  readonly search?: AskedSearch
  /** Only what changed is learned again, on the newest set, from the version that serves. Recommenders only. */
  readonly mode?: 'refresh'
  readonly by: string
}

/** What `readiness` says of a model without a version: "like needs 200 labelled events, has 37". */
export interface TrainingReadiness {
  readonly model: string
  readonly ready: boolean
  readonly needsRows: number
  readonly hasRows: number
  /** Models that look ahead: event time that the batches must span, milliseconds, and that they span. */
  readonly needsMs?: number
  readonly hasMs?: number
}

/** Trains models in child processes, one at a time, never two of one model, by rule or on demand. */
export interface Trainer {
  /** Queues one job per set. Throws TRAINING_NOT_READY (too few rows), TRAINING_CANNOT_REFRESH, TRAINING_UNKNOWN_MODEL. */
  train(request: TrainRequest): Promise<readonly TrainingJob[]>
  jobs(): readonly TrainingJob[]
  job(id: string): TrainingJob
  cancel(id: string): Promise<void>
  /** Resolves when the job has ended. */
  wait(id: string): Promise<TrainingJob>
  onJob(listener: (job: TrainingJob) => void): () => void
  readiness(): readonly TrainingReadiness[]
  /** Trains lost artifacts again from their lineage and puts them back; checks the digest. */
  reproduce(
    model: string,
    version: number,
  ): Promise<{ readonly identical: boolean; readonly digest: string }>
  close(): Promise<void>
}

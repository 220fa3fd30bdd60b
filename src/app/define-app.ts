/**
 * What a user writes: an app is a TypeScript value. `defineApp` (`authoring.ts`) checks it when the process starts, with
 * errors that name the field; the helpers (`topic`, `classifier`, …) give the compiler enough to catch a wrong column or
 * feature name.
 */
import type { z } from 'zod'
import type { Combine, Duration, EventSchema } from '../core/index.ts'
import type { EventDefinition } from './define-events.ts'
import type { FeatureViewSpec } from '../features/index.ts'
import type {
  PredictAnswer,
  PredictOptions,
  PredictRow,
  Recommendations,
  ScoresAnswer,
} from '../serving/index.ts'
import type { SandboxResult } from '../sql/index.ts'
import type { ClusterProfile } from '../models/index.ts'
import type { ModelVersion } from '../registry/index.ts'
import type { StreamDefinition } from './define-streams.ts'

export interface BatchDefinition {
  /** Cut after so many rows. */
  readonly rows?: number
  /** Cut after so many bytes of record values. */
  readonly bytes?: number
  /** Cut so long after the first record. */
  readonly every?: Duration
  /** Cut so long after the last record. */
  readonly idle?: Duration
}

export interface TopicDefinition<Schema extends EventSchema = EventSchema> {
  readonly schema: Schema
  /** Field that becomes the record key. */
  readonly key?: keyof z.infer<Schema> & string
  /** Field that is the event's own id: sent again within the dedupe window, it is stored once. */
  readonly id?: keyof z.infer<Schema> & string
  /** Field with the event time; numbers are seconds (below 10^11) or milliseconds. Default: arrival. */
  readonly eventTime?: keyof z.infer<Schema> & string
  /** Default 1. */
  readonly partitions?: number
  /** Default: 10,000 rows or 30 s idle. */
  readonly batch?: BatchDefinition
  /** False: the topic has no table. Default: one with the topic's name, in one folder. */
  readonly table?: boolean | TableSettings<keyof z.infer<Schema> & string>
}

/** How a topic's table lies in the lake. */
export interface TableSettings<Field extends string = string> {
  /**
   * Files lie in folders `event_type=play/day=2018-12-31/`, so a query that asks for some values reads only those: names of
   * fields (texts, whole numbers, booleans), and `day('…')`, `month('…')`, `hour('…')` of a time. At most four.
   */
  readonly partitionBy?: readonly PartitionDefinition<Field>[]
  /** Small files are merged as soon as that saves `files` (default 64) files, up to `targetBytes` (default 128 MiB). */
  readonly compact?: false | { readonly files?: number; readonly targetBytes?: number }
  /**
   * Oldest batches go from the table, whole: those whose records are all older than `age`, and while the table has more than
   * `bytes`. The log has a retention of its own. Default: nothing goes.
   */
  readonly retention?: { readonly age?: Duration; readonly bytes?: number }
}

/** A field, or a part of a time; `_type`, `_source` and the record's times are there in every topic. */
export type PartitionDefinition<Field extends string = string> =
  | Field
  | '_type'
  | '_source'
  | TimePartition<Field | '_time' | '_timestamp'>

/** Made by `day`, `month`, `hour`. */
export interface TimePartition<Field extends string = string> {
  readonly unit: 'month' | 'day' | 'hour'
  readonly of: Field
  /** Name of the column and folder. Default: the unit. */
  readonly as?: string
}

/** Training sets, by the helpers `cumulative`, `disjoint`, `lastBatches`, `sliding`. */
export interface SetDefinition {
  readonly scheme: 'cumulative' | 'disjoint' | 'last' | 'sliding'
  readonly parts?: number
  readonly batches?: number
  readonly length?: Duration
  readonly slide?: Duration
}

/** A feature view over a bounded past. Made by `recent`. */
export interface WindowedFeature {
  readonly sql: FeatureViewSpec['sql']
  /** Its events are those of so long before a cut-off; the SQL may use `_cutoff`, in milliseconds. */
  readonly window: Duration
  /** SQL condition over a row: the event by which an entity leaves for good. One that left has no features. */
  readonly until?: string
}

/** What a classifier that looks ahead is asked: does it happen in the time after a cut-off? */
export interface HorizonDefinition {
  /** How far the label looks ahead. */
  readonly predict: Duration
  /** Distance of the cut-offs that it learns from. Default: `predict`. */
  readonly every?: Duration
}

export interface RetrainDefinition {
  readonly batches?: number
  readonly rows?: number
  readonly every?: Duration
}

/** How much worse than the champion a candidate may be, in the metric's unit. Made by `notWorse`. */
export interface Margin {
  readonly margin: number
}

/** `{ auc: notWorse(0.01) }`: one metric decides. Default by task: auc 0.01, rmse 0.01, silhouette 0.05, ndcg@10 0.01. */
export interface GateDefinition {
  readonly auc?: Margin
  readonly pr_auc?: Margin
  readonly lift_10?: Margin
  readonly f1?: Margin
  readonly accuracy?: Margin
  readonly log_loss?: Margin
  readonly brier?: Margin
  readonly rmse?: Margin
  readonly mae?: Margin
  readonly r2?: Margin
  readonly silhouette?: Margin
  readonly 'ndcg@10'?: Margin
  readonly 'precision@10'?: Margin
  readonly 'recall@10'?: Margin
  /** Fewest gate rows for a decision by figures. Default 50. */
  readonly minRows?: number
  /** Largest move of new batches' label share (default 0.15) or, for a regressor, mean in standard deviations (0.5). */
  readonly maxLabelShift?: number
  /**
   * Classifiers and regressors of rows: the gate rows of batches 1 to so many judge every later version, which may not be worse
   * on them than the best one before by more than the margin. No event can move what was measured there, so a stream that is
   * turned a little at a time is found out. Not where the world itself changes. Default: none.
   */
  readonly reference?: number
}

/**
 * At each training, other parameters are tried for some time, beginning with `params`; the best make the version. A validation
 * split judges them by the metric of the gate; no test row and no gate row is in it.
 */
export interface SearchDefinition {
  readonly time: Duration
  /**
   * `random` (default) and `grid` fit every combination of `values`, in a drawn order or as written; `halving` fits all of them on a
   * small part of the rows, a third on three times as many, and so on: for many combinations and many rows.
   */
  readonly method?: 'grid' | 'random' | 'halving'
  /** Most combinations to try, 1 to 1,000 (default). */
  readonly trials?: number
  /** Values to try by parameter. Default: those of the kind. */
  readonly values?: Readonly<Record<string, readonly (string | number | boolean)[]>>
}

/** Splits to report beside the split by time and the random one. The gate does not look at them. */
export interface EvaluationDefinition {
  /** Column whose rows stay together: no value of it both trains and tests. Not with a horizon, where entities do already. */
  readonly groupBy?: string
  /** Parts of a cross-validation, 2 to 10; each costs a fit. Absent: no cross-validation. */
  readonly folds?: number
}

interface ModelDefinitionBase<Feature extends string, Topic extends string> {
  /** Table with the rows to learn from. Default: the table of the app's only source of rows. */
  readonly from?: Topic
  /** Names of feature views; each is joined by its entity column. */
  readonly features?: readonly Feature[]
  /** Numeric columns of the row itself. */
  readonly columns?: readonly string[]
  /** Columns taken as names (ids), for kinds that learn one parameter per level. */
  readonly categories?: readonly string[]
  /** Kind of model; default: logistic, ridge (bias when `categories` are given), kmeans. */
  readonly kind?: string
  readonly params?: Readonly<Record<string, unknown>>
  /**
   * How much a row teaches, 0 and more: a column of the table, declared `z.number().min(0)`. Where rows are entities (clusterers, a
   * horizon), a feature of one of the model's views, which then is no input. 0 leaves a row out. Figures count every row once.
   */
  readonly weight?: string
  readonly search?: SearchDefinition
  readonly set?: SetDefinition
  readonly retrain?: RetrainDefinition
  readonly gate?: GateDefinition
  /** Fewest labelled rows to train on. Default 100. */
  readonly minRows?: number
  readonly seed?: number
}

export interface ClassifierDefinition<
  Feature extends string = string,
  Topic extends string = string,
> extends ModelDefinitionBase<Feature, Topic> {
  readonly task: 'classifier'
  /** SQL condition over the row: what counts as 1. With a horizon: over each event after the cut-off. */
  readonly label: string
  /**
   * Looks ahead: one row per entity and cut-off, its features those of windowed views before it, label 1 when an event of the
   * entity in the time from it on satisfies `label`. No `columns`, no `categories`.
   */
  readonly horizon?: HorizonDefinition
  readonly evaluation?: EvaluationDefinition
}
export interface RegressorDefinition<
  Feature extends string = string,
  Topic extends string = string,
> extends ModelDefinitionBase<Feature, Topic> {
  readonly task: 'regressor'
  /** SQL expression over the row. */
  readonly label: string
  /** Answers are clipped to this range. */
  readonly range?: readonly [low: number, high: number]
  readonly evaluation?: EvaluationDefinition
}
export interface ClustererDefinition<
  Feature extends string = string,
  Topic extends string = string,
> extends ModelDefinitionBase<Feature, Topic> {
  readonly task: 'clusterer'
  /** Feature view whose entities are clustered. */
  readonly entity: Feature
  /** Number of clusters; short for `params: { k }`. */
  readonly k?: number
}
/** What stands in for a list that cannot be personal, in this order. */
export type ColdStart = 'trending' | 'popular' | 'newest'

/** Its filter holds besides that of a request; the rest holds where the request says nothing. */
export interface ScenarioDefinition {
  readonly filter?: string
  readonly boost?: string
  /** 0 to 1: how much less alike the items should be. */
  readonly diversity?: number
  /** 0 to 1: the share of places given to any candidate, each with its propensity. */
  readonly explore?: number
}

export interface RecommenderDefinition<Topic extends string = string> {
  readonly task: 'recommender'
  /** Table with the interactions. Default: the app's only one. */
  readonly from?: Topic
  /** Column with the user's id: a text or whole number, taken as a name. */
  readonly user: string
  /** Column with the item's id, likewise. */
  readonly item: string
  /** Column that says how much: a rating, a count. Default: every event counts 1. */
  readonly value?: string
  /**
   * How several events of one user with one item become one value. Default: `last` with a value, `sum` without. What sums to
   * 0 or less is taken back.
   */
  readonly combine?: Combine
  /** Topic whose records describe items, newest first to count, and the column with the item's id (default: that of `item`). */
  readonly catalog?: { readonly from: Topic; readonly id?: string }
  /** Default: trending, popular, newest. */
  readonly coldStart?: readonly ColdStart[]
  /** Rules for places where lists are shown, by name: `?scenario=home`. */
  readonly scenarios?: Readonly<Record<string, ScenarioDefinition>>
  /**
   * Text column of the events with the `recommendationId` of the list that led to them. With it, every list is kept in the
   * table `impressions`, and what became of it is counted.
   */
  readonly attribution?: string
  /** Kind of model. Default `als`. */
  readonly kind?: string
  readonly params?: Readonly<Record<string, unknown>>
  readonly search?: SearchDefinition
  readonly set?: SetDefinition
  /** `refresh`: trainings in between that learn again only what changed since the version that serves. Kind `als`. */
  readonly retrain?: RetrainDefinition & { readonly refresh?: RetrainDefinition }
  readonly gate?: GateDefinition
  /** Fewest events to train on. Default 100. */
  readonly minRows?: number
  readonly seed?: number
}

/** A model that answers rows. */
export type RowModelDefinition<Feature extends string = string, Topic extends string = string> =
  | ClassifierDefinition<Feature, Topic>
  | RegressorDefinition<Feature, Topic>
  | ClustererDefinition<Feature, Topic>

export type ModelDefinition<Feature extends string = string, Topic extends string = string> =
  | ClassifierDefinition<Feature, Topic>
  | RegressorDefinition<Feature, Topic>
  | ClustererDefinition<Feature, Topic>
  | RecommenderDefinition<Topic>

/** A lookup join at the door: adds columns of a reference file to each event. */
export interface LookupDefinition {
  /** Reference file, relative to the data folder. */
  readonly file: string
  /** Column of the event. */
  readonly on: string
  /** Key column of the reference file. Default: the same name as `on`. */
  readonly key?: string
  /** Columns to add. A row without a match gets none. */
  readonly take: readonly string[]
  /** A file that translates `on` into another id space first. */
  readonly via?: { readonly file: string; readonly from: string; readonly to: string }
}

/** Where events of a topic come from when the app runs by itself. */
export interface SourceDefinition<Topic extends string = string> {
  readonly topic: Topic
  /** Generator of `millrace generate`, used when no `--data` is given. */
  readonly generator?: {
    readonly name: string
    readonly seed?: number
    readonly options?: Readonly<Record<string, unknown>>
  }
  /** File in the folder or zip given by `--data`. */
  readonly file?: string
  /** File names to try instead of `file`, for other editions of the data set. */
  readonly alternatives?: readonly string[]
  /** Events per second; 0 is unlimited. Default 0. */
  readonly rate?: number
  /** Sort the file by the topic's event time before it is replayed. Default `event-time`. */
  readonly order?: 'event-time' | 'file'
  /** Of several, for other editions of the data set, the first whose file is in the data folder. */
  readonly lookup?: LookupDefinition | readonly LookupDefinition[]
}

/** What a route of an app may use. */
export interface RouteContext {
  predict(
    model: string,
    rows: readonly PredictRow[],
    options?: PredictOptions,
  ): Promise<PredictAnswer>
  /** Lists, reasons and histories of the app's recommenders. */
  readonly recommendations: Omit<Recommendations, 'close' | 'settled'>
  sql(
    text: string,
    options?: { params?: readonly (string | number | boolean | null)[]; maxRows?: number },
  ): Promise<SandboxResult>
  versions(model: string): readonly ModelVersion[]
  /** What a classifier or regressor says of every entity of its feature views, highest first. */
  scores(model: string, options?: { readonly version?: number | string }): Promise<ScoresAnswer>
  /** What the clusters of a clusterer are like, in the original units. */
  profiles(model: string, version?: number | string): Promise<readonly ClusterProfile[]>
  version(model: string, ref: number | string): ModelVersion
  /** Publishes one event; resolves when it is durable. Offset −1: it waits on this machine for a cluster that is away. */
  publish(
    topic: string,
    event: Readonly<Record<string, unknown>>,
  ): Promise<{ partition: number; offset: number }>
  /** What `/readyz` says. */
  readiness(): Promise<{ readonly ready: boolean; readonly waiting: readonly string[] }>
}

/** A route of the app itself, for URLs that existing clients know. Validated, documented and limited like the others. */
export interface RouteDefinition<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
  Answer extends z.ZodType = z.ZodType,
> {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** With `:name` for parameters. */
  readonly path: string
  /** Further paths with the same parameters, for clients that know another one. */
  readonly aliases?: readonly string[]
  readonly summary: string
  readonly params?: Params
  readonly query?: Query
  readonly body?: Body
  readonly answer: Answer
  readonly handler: (
    request: {
      readonly params: z.infer<Params>
      readonly query: z.infer<Query>
      readonly body: z.infer<Body>
    },
    context: RouteContext,
  ) => Promise<z.input<Answer>>
}

export interface AppDefinition {
  readonly name: string
  /** HTTP port when neither `PORT` nor `--port` is given. Default 8080. */
  readonly port?: number
  readonly topics: Readonly<Record<string, TopicDefinition>>
  /** Event types that a plain call makes, by name: rules in `define-events.ts`. */
  readonly events?: Readonly<Record<string, EventDefinition>>
  /** Each has a topic and a table of its name. */
  readonly streams?: Readonly<Record<string, StreamDefinition>>
  /** SQL of each feature view, by name: rules in `features/feature-view.ts`. */
  readonly features?: Readonly<Record<string, FeatureViewSpec['sql'] | WindowedFeature>>
  readonly models?: Readonly<Record<string, ModelDefinition>>
  readonly sources?: readonly SourceDefinition[]
  readonly routes?: readonly RouteDefinition[]
}

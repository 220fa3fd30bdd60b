/**
 * The words an app is written with. Each helper returns plain data; what they add is inference, so that a wrong key,
 * feature or topic name does not compile, and (in `defineApp`) the checks of `check-app.ts`.
 *
 * @module
 */
import type { z } from 'zod'
import type { Duration, EventSchema } from '../core/index.ts'
import { checkApp } from './definition/check-app.ts'
import { appError } from './errors.ts'
import type { EventDefinition, HeaderField } from './define-events.ts'
import type {
  AppDefinition,
  ClassifierDefinition,
  ClustererDefinition,
  Margin,
  ModelDefinition,
  RecommenderDefinition,
  RegressorDefinition,
  RouteDefinition,
  SetDefinition,
  SourceDefinition,
  TimePartition,
  TopicDefinition,
  WindowedFeature,
} from './define-app.ts'
import type { StreamDefinition } from './define-streams.ts'

/**
 * Declares an app. Throws APP_INVALID with one issue per field that is wrong; a name of a feature or topic that the app
 * does not declare is already an error of the compiler.
 */
export function defineApp<
  const Topics extends Readonly<Record<string, TopicDefinition>>,
  const Features extends Readonly<Record<string, string | WindowedFeature>>,
  const Streams extends Readonly<Record<string, unknown>> | undefined = undefined,
>(
  definition: Omit<
    AppDefinition,
    'topics' | 'events' | 'streams' | 'features' | 'models' | 'sources'
  > & {
    readonly topics: Topics
    readonly events?: Readonly<Record<string, EventDefinition<NoInfer<keyof Topics & string>>>>
    readonly streams?: Streams &
      Readonly<Record<string, StreamDefinition<NoInfer<keyof Topics & string>>>>
    readonly features?: Features
    readonly models?: Readonly<
      Record<
        string,
        ModelDefinition<
          NoInfer<keyof Features & string>,
          NoInfer<(keyof Topics | keyof Streams) & string>
        >
      >
    >
    readonly sources?: readonly SourceDefinition<NoInfer<keyof Topics & string>>[]
  },
): AppDefinition {
  return checkApp(definition)
}

/** `Definition` with no field beyond those of `Allowed`: inference keeps literal types, typos still do not compile. */
type Only<Definition, Allowed> = Definition &
  Readonly<Record<Exclude<keyof Definition, keyof Allowed>, never>>

/** A topic and the table of the same name. `key`, `id` and `eventTime` are fields of the schema. */
export function topic<Schema extends EventSchema>(
  definition: TopicDefinition<Schema>,
): TopicDefinition<Schema> {
  return definition
}

/**
 * An event type and the calls that make one. The fields are written in their order, each a constant, `header('Host')`, or a
 * zod schema: a parameter of the call.
 */
export function event<const Definition extends EventDefinition>(
  definition: Only<Definition, EventDefinition>,
): Definition {
  return definition
}

/** The value of a request header, as a field of an event. No other header is kept. */
export const header = (name: string): HeaderField => ({ header: name })

const timePart =
  (unit: TimePartition['unit']) =>
  <const Field extends string>(
    field: Field,
    options: { readonly as?: string } = {},
  ): TimePartition<Field> => ({ unit, of: field, ...options })

/** For `table.partitionBy`: the UTC day of a time, `2018-12-31`, in a column and folders `day` (or `as`). */
export const day = timePart('day')

/** For `table.partitionBy`: the UTC month of a time, `2018-12`. */
export const month = timePart('month')

/** For `table.partitionBy`: the UTC hour of a time, `2018-12-31T23`. */
export const hour = timePart('hour')

/** A model that answers with the probability of a condition: `label: 'rating >= 4.0'`. */
export function classifier<const Definition extends Omit<ClassifierDefinition, 'task'>>(
  definition: Only<Definition, ClassifierDefinition>,
): Definition & { readonly task: 'classifier' } {
  return { ...definition, task: 'classifier' }
}

/** A model that answers with a number: `label: 'rating'`. */
export function regressor<const Definition extends Omit<RegressorDefinition, 'task'>>(
  definition: Only<Definition, RegressorDefinition>,
): Definition & { readonly task: 'regressor' } {
  return { ...definition, task: 'regressor' }
}

/** A model that puts the entities of a feature view into `k` groups. */
export function clusterer<const Definition extends Omit<ClustererDefinition, 'task'>>(
  definition: Only<Definition, ClustererDefinition>,
): Definition & { readonly task: 'clusterer' } {
  return { ...definition, task: 'clusterer' }
}

/** A model that ranks items for a user: `recommender({ user: 'userId', item: 'movieId', value: 'rating' })`. */
export function recommender<const Definition extends Omit<RecommenderDefinition, 'task'>>(
  definition: Only<Definition, RecommenderDefinition>,
): Definition & { readonly task: 'recommender' } {
  return { ...definition, task: 'recommender' }
}

/** Everything so far. `parts` is the number of sets of a training by hand: first n-th, first two n-ths, …, all. */
export const cumulative = (parts = 3): SetDefinition => ({ scheme: 'cumulative', parts })

/** Only what came since the training before. */
export const disjoint = (parts = 3): SetDefinition => ({ scheme: 'disjoint', parts })

/** The newest `batches` batches. */
export const lastBatches = (batches: number): SetDefinition => ({ scheme: 'last', batches })

/** The last `length` of event time, moved on by `slide`. No row is stored twice. */
export const sliding = (window: {
  readonly length: Duration
  readonly slide: Duration
}): SetDefinition => ({ scheme: 'sliding', ...window })

/** A candidate may be worse than the champion by at most `margin`, in the metric's unit. */
export const notWorse = (margin = 0): Margin => ({ margin })

/**
 * A feature view of the last `window` before a cut-off: each of several past ones in training, now in serving. Its SQL may use
 * `_cutoff`, in milliseconds. With `until`, an entity leaves by such an event.
 */
export const recent = (
  window: Duration,
  text: string,
  options: { readonly until?: string } = {},
): WindowedFeature => ({ sql: text, window, ...options })

/** Where events come from when the app runs by itself. */
export function source<const Definition extends SourceDefinition>(
  definition: Only<Definition, SourceDefinition>,
): Definition {
  return definition
}

/** A route of the app itself. The handler sees what the zod schemas let through, with their types. */
export function route<
  Params extends z.ZodType,
  Query extends z.ZodType,
  Body extends z.ZodType,
  Answer extends z.ZodType,
>(definition: RouteDefinition<Params, Query, Body, Answer>): RouteDefinition {
  return definition
}

/** What a route throws to answer 404: which thing is not there, and which there are. */
export const notFound = (message: string): Error => appError('APP_NOT_FOUND', message)

/** SQL text; values are put in as they are, so only constants of the app belong in it. */
export function sql(text: TemplateStringsArray, ...values: readonly (string | number)[]): string {
  return String.raw({ raw: text }, ...values).trim()
}

/** What the serving suite stands on: a bench, and versions trained for it by real kinds of models. */
import type { FeatureStore } from '../features/index.ts'
import {
  openKind,
  parseParams,
  type Artifact,
  type CategoryColumn,
  type Dataset,
  type RowTaskName,
} from '../models/index.ts'
import type { ModelInputs, ModelVersion, Registry, VersionDraft } from '../registry/index.ts'
import type { ServingOptions } from './open-serving.ts'
import type { Serving } from './serving.ts'

/**
 * One registry, and a feature store with the views `user` (entity `userId`, features `user_count`, `user_mean`) and `movie`
 * (entity `movieId`, feature `movie_mean`). Users 1 to 5 are known: `user_count` is 10 × the id, `user_mean` is the id.
 * Movie 7 is known. The largest event time is 5,000.
 */
export interface ServingBench {
  readonly registry: Registry
  /** The registry's folder. */
  readonly dir: string
  readonly features: FeatureStore
  open(options?: Partial<ServingOptions>): Promise<Serving>
  /** Moves the clock on. */
  advance(ms: number): void
  close(): Promise<void>
}

export const MODELS = {
  rating: 'regressor',
  like: 'classifier',
  segments: 'clusterer',
} as const satisfies Record<string, RowTaskName>

export const audit = { by: 'anna', reason: 'a test says so' }
export const userInputs: ModelInputs = {
  views: [{ view: 'user', entity: 'userId', features: ['user_count', 'user_mean'] }],
  columns: [],
  categories: [],
}
const noInputs: ModelInputs = { views: [], columns: [], categories: [] }

/** Fits a kind with its default parameters. */
export async function fitted(
  kindName: string,
  data: Dataset,
  params: Readonly<Record<string, unknown>> = {},
): Promise<Artifact> {
  const kind = await openKind(kindName)
  const model = await kind.fit(data, parseParams(kind, params), { seed: 7 })
  return model.save()
}

export function dataset(
  names: readonly string[],
  rows: readonly (readonly number[])[],
  label?: readonly number[],
  categories: readonly CategoryColumn[] = [],
): Dataset {
  return {
    matrix: { names, rows: rows.length, values: Float64Array.from(rows.flat()) },
    categories,
    ...(label ? { label: Float64Array.from(label) } : {}),
  }
}

/** A regressor whose every answer is `value`, so that an answer tells which version gave it. */
export const constantRegressor = (value: number): Promise<Artifact> =>
  fitted('mean', dataset([], [[], [], []], [value, value, value]))

export function draft(
  model: keyof typeof MODELS,
  artifact: Artifact,
  inputs: ModelInputs = noInputs,
  spec: Readonly<Record<string, unknown>> = {},
): VersionDraft {
  return {
    model,
    task: MODELS[model],
    kind: artifact.kind,
    params: {},
    status: 'accepted',
    inputs,
    set: { scheme: 'cumulative', part: 2, of: 3 },
    reports: [],
    gate: { passed: true, reason: 'made up to be accepted', checks: [] },
    lineage: {
      table: 'ratings',
      batches: [1, 1],
      ranges: [{ partition: 0, first: 0, last: 9 }],
      files: [],
      rows: 10,
      seed: 7,
      codeVersion: '0.1.0',
      spec,
      trigger: 'hand',
      dataAsOf: 4_000,
    },
    durationMs: 1,
  }
}

/** Registers constant regressors 1 to `count` as versions 1 to `count` of `rating`. */
export async function fillRatings(registry: Registry, count: number): Promise<void> {
  for (let value = 1; value <= count; value += 1) {
    await registry.register(
      draft('rating', await constantRegressor(value)),
      await constantRegressor(value),
      value,
    )
  }
}

export async function publish(
  bench: ServingBench,
  model: keyof typeof MODELS,
  artifact: Artifact,
  inputs: ModelInputs,
  spec: Readonly<Record<string, unknown>> = {},
): Promise<ModelVersion> {
  const version = await bench.registry.register(draft(model, artifact, inputs, spec), artifact, 0)
  await bench.registry.promote(model, version.version, audit)
  return version
}

/** Users 1 to 5 as they are online; those with a mean of 3 or more like what they see. */
const USERS = [1, 2, 3, 4, 5].map((id) => [10 * id, id])
export const likeByUser = (): Promise<Artifact> =>
  fitted('logistic', dataset(['user_count', 'user_mean'], USERS, [0, 0, 1, 1, 1]))
export const segmentsOfUsers = (): Promise<Artifact> =>
  fitted('kmeans', dataset(['user_count', 'user_mean'], USERS), { k: 2 })
/** Users and movies as names: movie 7 is good, movie 8 is bad. */
export const ratingByIds = (): Promise<Artifact> =>
  fitted(
    'bias',
    dataset(
      [],
      Array.from({ length: 10 }, () => []),
      [5, 1, 5, 1, 5, 1, 5, 1, 5, 1],
      [
        {
          name: 'userId',
          levels: ['1', '2', '3', '4', '5'],
          codes: Int32Array.of(0, 0, 1, 1, 2, 2, 3, 3, 4, 4),
        },
        { name: 'movieId', levels: ['7', '8'], codes: Int32Array.of(0, 1, 0, 1, 0, 1, 0, 1, 0, 1) },
      ],
    ),
  )
export const idInputs: ModelInputs = { views: [], columns: [], categories: ['userId', 'movieId'] }

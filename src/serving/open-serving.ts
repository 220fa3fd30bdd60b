/** Serving: one slot per declared model, a cache for other versions, and a synchronous path from rows to answers. */
import {
  coreError,
  quote,
  silentMetrics,
  type Clock,
  type Logger,
  type Metrics,
} from '../core/index.ts'
import type { FeatureStore } from '../features/index.ts'
import type { RowTaskName } from '../models/index.ts'
import { registryError, type ModelVersion, type Registry } from '../registry/index.ts'
import { predictRows } from './answer.ts'
import { createChampionSlot, type ChampionSlot } from './champion-slot.ts'
import { servingError } from './errors.ts'
import type { LoadedModel } from './loaded-model.ts'
import { loadModel } from './model-loader.ts'
import { readRows } from './row-reader.ts'
import { scoreEntities } from './score-entities.ts'
import type { LiveModel, PredictAnswer, PredictOptions, PredictRow, Serving } from './serving.ts'
import { createVersionCache, type CacheLimits } from './version-cache.ts'

export interface ServingOptions {
  readonly registry: Registry
  readonly features: FeatureStore
  /** The declared models. */
  readonly models: Readonly<Record<string, RowTaskName>>
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics?: Metrics
  /** What a model without a version waits for: "needs 200 labelled events, has 37". */
  readonly waiting?: (model: string) => string | undefined
  /** Called after every answer; what it throws is logged and changes nothing. */
  readonly onPrediction?: (
    answer: PredictAnswer,
    rows: readonly PredictRow[],
    requestId?: string,
  ) => void
  /** Versions kept in memory besides the live ones. Default 16 and 256 MiB. */
  readonly cache?: Partial<CacheLimits>
}

/** Resolves when the champions of the moment are loaded or found to be unusable; see `live` and `problems`. */
export async function openServing(options: ServingOptions): Promise<Serving> {
  const { registry, features, clock, logger, metrics = silentMetrics } = options
  const { slots, find } = createVersions(options)
  const all = async (run: (slot: ChampionSlot<LoadedModel>) => Promise<void>): Promise<void> => {
    await Promise.all([...slots.values()].map(run))
  }
  const unsubscribe = registry.onChange((model) => slots.get(model)?.refresh())
  for (const slot of slots.values()) slot.refresh()
  await all((slot) => slot.settled())

  return {
    async predict(model, rows, { version, requestId, ...why } = {}) {
      const loaded = await find(model, version)
      const startMs = clock.monotonic()
      const answer = answerOf(loaded, rows, features, why)
      const seconds = (clock.monotonic() - startMs) / 1_000
      const labels = { model, version: answer.version }
      metrics.record('model_predictions_total', labels, rows.length)
      metrics.record('model_prediction_duration_seconds', { model }, seconds)
      try {
        options.onPrediction?.(answer, rows, requestId)
      } catch (error) {
        logger.error({ model, err: error }, 'a prediction was answered but not logged')
      }
      return answer
    },
    async scores(model, { version } = {}) {
      await features.refresh()
      return scoreEntities(await find(model, version), features, answerOf)
    },
    live: () => [...slots].flatMap(([model, slot]) => liveOf(model, slot)),
    problems: () =>
      [...slots].flatMap(([model, slot]) => {
        const problem = slot.problem()
        return problem === undefined ? [] : [{ model, problem }]
      }),
    async profiles(model, version) {
      const { fitted, profiles } = await find(model, version)
      if (fitted.task === 'clusterer') return profiles
      throw coreError(
        'CORE_INVALID_INPUT',
        `model "${model}" is a ${fitted.task}, which has no clusters: ask a clusterer`,
        { details: { field: 'model' } },
      )
    },
    settled: () => all((slot) => slot.settled()),
    async close() {
      unsubscribe()
      await all((slot) => slot.close())
    },
  }
}

interface Versions {
  readonly slots: ReadonlyMap<string, ChampionSlot<LoadedModel>>
  /** The version that a request names, in memory. */
  readonly find: (model: string, ref?: number | string) => Promise<LoadedModel>
}

function createVersions(options: ServingOptions): Versions {
  const { registry, features, clock, logger, metrics = silentMetrics } = options
  const tasks = new Map(Object.entries(options.models))
  const cache = createVersionCache<LoadedModel>({
    versions: 16,
    bytes: 256 * 2 ** 20,
    ...options.cache,
  })
  const load = (record: ModelVersion, task: RowTaskName): Promise<LoadedModel> =>
    cache.get(`${record.model}@${record.version}`, () =>
      loadModel(registry, features, record, task, clock.now()),
    )
  const createSlot = (model: string, task: RowTaskName): ChampionSlot<LoadedModel> =>
    createChampionSlot({
      registry,
      model,
      clock,
      load: (record) => load(record, task),
      onSwap({ record: { version, digest } }) {
        metrics.record('model_live_version', { model }, version)
        logger.info({ model, version, digest }, 'a version serves')
      },
      onProblem: (problem) => logger.error({ model, problem }, 'a promoted version cannot serve'),
    })
  const slots = new Map([...tasks].map(([model, task]) => [model, createSlot(model, task)]))
  return {
    slots,
    async find(model, ref = 'champion') {
      const slot = slots.get(model)
      const task = tasks.get(model)
      if (!slot || !task) throw unknownModel(model, slots)
      if (ref === 'champion') {
        if (!slot.current()) await slot.settled()
        return slot.current() ?? raise(notReady(model, slot, options.waiting))
      }
      const record = registry.version(model, ref)
      const current = slot.current()
      return current?.record.version === record.version ? current : load(record, task)
    },
  }
}

/** Synchronous: nothing waits, and nothing changes, between the first row and the last. */
function answerOf(
  model: LoadedModel,
  rows: readonly PredictRow[],
  features: FeatureStore,
  why?: Pick<PredictOptions, 'reasons' | 'explain'>,
): PredictAnswer {
  const { record, plan } = model
  const predictions = predictRows(model, readRows(plan, rows, features), why)
  return {
    model: record.model,
    task: record.task,
    version: record.version,
    digest: record.digest,
    set: record.set,
    dataAsOf: dataAsOf(model, features),
    predictions,
  }
}

function dataAsOf({ record, plan }: LoadedModel, features: FeatureStore): number | null {
  if (plan.views.length === 0) return record.lineage.dataAsOf
  const used = new Set(plan.views.map(({ view }) => view))
  let newest: number | null = null
  for (const { view, dataAsOf } of features.freshness()) {
    if (used.has(view) && dataAsOf !== undefined) newest = Math.max(newest ?? dataAsOf, dataAsOf)
  }
  return newest
}

function liveOf(model: string, slot: ChampionSlot<LoadedModel>): LiveModel[] {
  const current = slot.current()
  const problem = slot.problem()
  if (!current) return []
  const { record, loadedAt } = current
  const { task, version, digest } = record
  return [{ model, task, version, digest, loadedAt, ...(problem === undefined ? {} : { problem }) }]
}

function unknownModel(model: string, declared: ReadonlyMap<string, unknown>): Error {
  return registryError(
    'REGISTRY_UNKNOWN_MODEL',
    `there is no model ${quote(model)}: this app declares ${[...declared.keys()].join(', ') || 'none'}`,
    { details: { model } },
  )
}

function notReady(
  model: string,
  slot: ChampionSlot<LoadedModel>,
  waiting: ServingOptions['waiting'],
): Error {
  const reason = slot.problem() ?? waiting?.(model) ?? 'no version is promoted yet'
  return servingError('SERVING_NOT_READY', `model "${model}" cannot answer yet: ${reason}`, {
    details: { model, waiting: reason },
    retryAfterSeconds: 5,
  })
}

function raise(error: Error): never {
  throw error
}

/** One declared recommender while it runs: its versions, its histories, and what an answer says of both. */
import { quote, type Clock, type Combine, type Logger, type Metrics } from '../../core/index.ts'
import type { InteractionStore } from '../../features/index.ts'
import type { ModelVersion, Registry } from '../../registry/index.ts'
import { servingError } from '../errors.ts'
import { createChampionSlot, type ChampionSlot } from '../champion-slot.ts'
import { similarTo } from './answers-about-items.ts'
import { createColdStart, type ColdStart, type Step } from './cold-start.ts'
import { measureGap } from './fold-gap.ts'
import type { LoadedRecommender } from './loaded-recommender.ts'
import type {
  FoldInGap,
  KnownItem,
  ListAnswer,
  LiveRecommender,
  Origin,
  Scenario,
} from './recommendations.ts'
import type { Scorer } from './scorer.ts'

/** One declared recommender. */
export interface RecommenderSetting {
  readonly store: InteractionStore
  readonly combine: Combine
  readonly coldStart: readonly Step[]
  /** By name. Their expressions have been checked. */
  readonly scenarios: ReadonlyMap<string, Scenario>
}

export interface RecommendationsOptions {
  readonly registry: Registry
  /** By model name. */
  readonly models: ReadonlyMap<string, RecommenderSetting>
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  /** What a model without a version waits for: "needs 200 events, has 37". */
  readonly waiting: (model: string) => string | undefined
  /** Called after every list. */
  readonly onList?: (answer: ListAnswer, user: string | null) => void
}

export type Load = (record: ModelVersion, setting: RecommenderSetting) => Promise<LoadedRecommender>

export interface Model extends RecommenderSetting {
  readonly name: string
  readonly slot: ChampionSlot<LoadedRecommender>
  readonly standIns: ColdStart
  gap: FoldInGap | null
}

export function openModel(
  name: string,
  setting: RecommenderSetting,
  { registry, clock, logger, metrics }: RecommendationsOptions,
  load: Load,
): Model {
  const { interactions } = setting.store
  const model: Model = {
    ...setting,
    name,
    standIns: createColdStart(setting.store),
    gap: null,
    slot: createChampionSlot<LoadedRecommender>({
      registry,
      model: name,
      clock,
      load: (record) => load(record, setting),
      async onSwap(next, before) {
        const { version, digest } = next.record
        metrics.record('model_live_version', { model: name }, version)
        logger.info({ model: name, version, digest }, 'a version serves')
        if (!before) return
        try {
          const gap = await measureGap(interactions, before, next, clock.monotonic())
          if (!gap) return
          model.gap = gap
          metrics.record('recommender_fold_in_gap', { model: name }, gap.meanScoreGap)
          logger.info({ model: name, ...gap }, 'folded and retrained scores compared')
        } catch (err) {
          logger.error({ model: name, err }, 'folded and retrained scores were not compared')
        }
      },
      onProblem: (problem) =>
        logger.error({ model: name, problem }, 'a promoted version cannot serve'),
    }),
  }
  return model
}

export function originOf({ name, store }: Model, loaded: LoadedRecommender | undefined): Origin {
  const { newest } = store.interactions
  return {
    model: name,
    version: loaded?.record.version ?? null,
    digest: loaded?.record.digest ?? null,
    dataAsOf: newest === -Infinity ? null : newest,
  }
}

/** Rules of a named scenario; none without a name. Throws SERVING_UNKNOWN_SCENARIO. */
export function scenarioOf({ name, scenarios }: Model, wanted: string | undefined): Scenario {
  if (wanted === undefined) return {}
  const found = scenarios.get(wanted)
  if (found) return found
  const known = [...scenarios.keys()].join(', ') || 'none'
  throw servingError(
    'SERVING_UNKNOWN_SCENARIO',
    `${name} has no scenario ${quote(wanted)}: the app declares ${known}`,
    { details: { issues: [{ path: '/scenario', message: `use one of ${known}` }] } },
  )
}

export function liveOf({ name, slot }: Model): LiveRecommender[] {
  const current = slot.current()
  const problem = slot.problem()
  if (!current) return []
  const { record, loadedAt } = current
  const { version, digest } = record
  const facts = { model: name, task: 'recommender' as const, version, digest, loadedAt }
  return [{ ...facts, ...(problem === undefined ? {} : { problem }) }]
}

export function knownItem(
  { catalog }: InteractionStore,
  { id, value, time }: { readonly id: string; readonly value: number; readonly time: number },
): KnownItem {
  const attributes = catalog.get(id)?.attributes
  return { item: id, value, time, ...(attributes && { attributes }) }
}

/** Items as the question, in place of a user. */
export const likeItems = (loaded: LoadedRecommender, codes: readonly number[]): Scorer => ({
  source: 'model',
  isPersonal: true,
  items: codes.length,
  unknown: 0,
  newest: null,
  foldedAgoMs: null,
  recommend: (request) => similarTo(loaded.fitted, codes, request),
  scores() {
    const scores = new Float64Array(loaded.fitted.items.size)
    const request = { limit: loaded.fitted.items.size }
    for (const { item, score } of similarTo(loaded.fitted, codes, request)) scores[item] = score
    return scores
  },
  scoreNew: () => 0,
})

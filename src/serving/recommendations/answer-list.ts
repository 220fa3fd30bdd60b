/** One list with what is said of it: its id, what made it, and who hears of it. */
import { createHash } from 'node:crypto'
import { newId } from '../../core/index.ts'
import { createRandom } from '../../kernels/index.ts'
import { makeList, type ListSetting } from './list-maker.ts'
import type { LoadedRecommender } from './loaded-recommender.ts'
import type { ListAnswer, Scenario } from './recommendations.ts'
import { originOf, type Model, type RecommendationsOptions } from './recommender-model.ts'

/** What a question makes of a list; the rest is the model's. */
export type AskedList = Omit<
  ListSetting,
  'store' | 'coldStart' | 'loaded' | 'nowMs' | 'diversity' | 'explore' | 'uniform'
> & { readonly scenario: Scenario }

export function answerList(
  model: Model,
  loaded: LoadedRecommender | undefined,
  { scenario, ...asked }: AskedList,
  user: string | null,
  { clock, logger, metrics, onList }: RecommendationsOptions,
): ListAnswer {
  const nowMs = clock.monotonic()
  const recommendationId = newId(clock.now())
  const { name, store, standIns: coldStart } = model
  const { rules } = asked
  const made = makeList({
    ...asked,
    store,
    coldStart,
    loaded,
    diversity: rules.diversity ?? scenario.diversity ?? 0,
    explore: rules.explore ?? scenario.explore ?? 0,
    uniform: uniformOf(recommendationId),
    nowMs,
  })
  const list: ListAnswer = {
    recommendationId,
    ...(rules.scenario !== undefined && { scenario: rules.scenario }),
    ...originOf(model, loaded),
    ...made,
  }
  const seconds = (clock.monotonic() - nowMs) / 1_000
  metrics.record('recommendations_total', { model: name, source: made.source }, 1)
  metrics.record('model_prediction_duration_seconds', { model: name }, seconds)
  try {
    onList?.(list, user)
  } catch (error) {
    logger.error({ model: name, err: error }, 'a list was answered but not logged')
  }
  return list
}

/** Numbers from 0 to below 1 that belong to one list: its id is their seed. */
function uniformOf(recommendationId: string): () => number {
  let random: ReturnType<typeof createRandom> | undefined
  return () => {
    random ??= createRandom(createHash('sha256').update(recommendationId).digest().readInt32LE())
    return random.uniform()
  }
}

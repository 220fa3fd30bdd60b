/** Answers that are about pairs and items: because, estimates, users for an item, similar items. */
import type { InteractionStore } from '../../features/index.ts'
import {
  rankScores,
  type FittedRecommender,
  type RankRequest,
  type ScoredItem,
} from '../../models/index.ts'
import { servingError } from '../errors.ts'
import type { LoadedRecommender } from './loaded-recommender.ts'
import type { BecauseAnswer, EstimateAnswer, UsersAnswer } from './recommendations.ts'
import type { Known, Scorer } from './scorer.ts'
import { quote } from '../../core/index.ts'

export const NO_HISTORY = 'nothing that the model knows is known of this user'

/** Throws SERVING_UNKNOWN_ITEM for an item that neither log nor catalogue has. */
export function checkHeardOf(store: InteractionStore, item: string): void {
  if (store.interactions.facts(item) || store.catalog.has(item)) return
  throw servingError(
    'SERVING_UNKNOWN_ITEM',
    `no event and no catalogue entry names the item ${quote(item)}: check the id`,
    { details: { item: item.slice(0, 64) } },
  )
}

export function becauseOf(
  loaded: LoadedRecommender,
  store: InteractionStore,
  user: string,
  item: string,
  nowMs: number,
): Pick<BecauseAnswer, 'score' | 'base' | 'contributions' | 'fallback'> {
  const { fitted } = loaded
  const code = fitted.items.codeOf(item)
  const fresh = loaded.newItems.look(nowMs).find(({ id }) => id === item)?.folded
  if (code < 0 && !fresh) {
    checkHeardOf(store, item)
    const fallback =
      'the item came after this version was trained, and nobody who has it tells what it is like'
    return { score: 0, base: 0, contributions: [], fallback }
  }
  const { taste } = loaded.fold(user, nowMs)
  const { score, base, contributions } =
    code < 0 && fresh ? fresh.because(taste) : taste.because(code)
  const { items, values } = taste.history
  return {
    score,
    base,
    contributions: Array.from(items, (known, at) => ({
      item: fitted.items.idOf(known),
      value: values[at]!,
      contribution: contributions[at]!,
    })).toSorted((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution)),
    fallback: items.length === 0 ? NO_HISTORY : null,
  }
}

export function estimatesOf(
  loaded: LoadedRecommender,
  scorer: Scorer,
  known: Known,
  items: readonly string[],
  nowMs: number,
): EstimateAnswer['estimates'] {
  const scores = scorer.isPersonal ? scorer.scores() : undefined
  const fresh = new Map(loaded.newItems.look(nowMs).map(({ id, folded }) => [id, folded]))
  return items.map((item) => {
    const code = loaded.fitted.items.codeOf(item)
    const folded = fresh.get(item)
    const isKnown = known.has(item)
    if (!scores) return { item, score: null, isKnown, fallback: NO_HISTORY }
    if (code >= 0) return { item, score: scores[code]!, isKnown, fallback: null }
    if (folded) return { item, score: scorer.scoreNew(folded), isKnown, fallback: null }
    return { item, score: null, isKnown, fallback: 'the model does not know this item' }
  })
}

/** Those who have it now are left out, also those who got it since the training. */
export function usersOf(
  loaded: LoadedRecommender,
  store: InteractionStore,
  item: string,
  limit: number,
): Pick<UsersAnswer, 'users' | 'fallback'> {
  const { fitted } = loaded
  const code = fitted.items.codeOf(item)
  if (code < 0) {
    checkHeardOf(store, item)
    return { users: [], fallback: 'the item came after this version was trained' }
  }
  const have = new Set(store.interactions.audience(item).map(({ id }) => id))
  const users = fitted
    .usersForItem(code, Math.min(fitted.users.size, limit + have.size))
    .map(({ user, score }) => ({ user: fitted.users.idOf(user), score }))
    .filter(({ user }) => !have.has(user))
    .slice(0, limit)
  return { users, fallback: null }
}

/** Like one item, or like several: the mean of the similarities. */
export function similarTo(
  fitted: FittedRecommender,
  codes: readonly number[],
  request: RankRequest,
): readonly ScoredItem[] {
  const [first] = codes
  if (codes.length === 1 && first !== undefined) return fitted.similar(first, request)
  const own = new Set(codes)
  const { accept = () => true } = request
  const scores = Float64Array.from({ length: fitted.items.size }, (_, item) =>
    own.has(item)
      ? 0
      : codes.reduce((sum, code) => sum + fitted.similarity(code, item), 0) / codes.length,
  )
  return rankScores(scores, { ...request, accept: (item) => !own.has(item) && accept(item) })
}

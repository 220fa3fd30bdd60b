/** Answers that are about users: what surprises of what they have, who is like them. */
import type { InteractionStore } from '../../features/index.ts'
import { NO_HISTORY } from './answers-about-items.ts'
import type { LoadedRecommender } from './loaded-recommender.ts'
import type { KnownItem, Neighbor, SurprisingAnswer } from './recommendations.ts'

/** Newest items of a user that neighbours are looked for by; more would not tell them apart better, and take longer. */
const TELLING_ITEMS = 200

/** The known items with the lowest scores, lowest first; ties by id. */
export function surprisingOf(
  loaded: LoadedRecommender,
  user: string,
  known: readonly KnownItem[],
  limit: number,
  nowMs: number,
): Pick<SurprisingAnswer, 'items' | 'fallback'> {
  const { taste } = loaded.fold(user, nowMs)
  if (taste.history.items.length === 0) return { items: [], fallback: NO_HISTORY }
  const items = known.flatMap((item) => {
    const code = loaded.fitted.items.codeOf(item.item)
    return code < 0 ? [] : [{ ...item, score: taste.score(code) }]
  })
  const sorted = items.toSorted((a, b) => a.score - b.score || (a.item < b.item ? -1 : 1))
  return { items: sorted.slice(0, limit), fallback: null }
}

/** Cosine of what two users have; ties by id. */
export function neighborsOf(
  { interactions }: InteractionStore,
  user: string,
  limit: number,
): Neighbor[] {
  const own = Math.min(TELLING_ITEMS, interactions.userFacts(user)?.items ?? 0)
  return interactions
    .sharing(user, TELLING_ITEMS)
    .map(({ id, shared, items }) => ({ user: id, score: shared / Math.sqrt(own * items), shared }))
    .toSorted((a, b) => b.score - a.score || (a.user < b.user ? -1 : 1))
    .slice(0, limit)
}

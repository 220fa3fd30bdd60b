/** Lists that need no model and no user: what most people have, what they have now, what came last. */
import { topK } from '../../kernels/index.ts'
import type { InteractionStore } from '../../features/index.ts'

export type Step = 'trending' | 'popular' | 'newest'

export interface StandIn {
  readonly id: string
  readonly score: number
}

export interface ColdStart {
  /**
   * The best items of a step that `accept` lets through.
   * - popular: score = users who have it
   * - trending: Σ over its users 2^(−age / halfLife), age counted back from the newest event
   * - newest: score = when it was first described or had, milliseconds since 1970
   */
  best(
    step: Step,
    request: {
      readonly limit: number
      readonly accept: (id: string) => boolean
      readonly halfLifeMs?: number | undefined
    },
  ): StandIn[]
}

export const DEFAULT_HALF_LIFE_MS = 7 * 24 * 3_600_000
/** Half-lives whose scores are kept. */
const KEPT = 8

export function createColdStart(store: InteractionStore): ColdStart {
  const { interactions, catalog } = store
  const kept = new Map<string, { readonly revision: number; readonly scores: Float64Array }>()

  const scoresOf = (halfLifeMs: number | undefined): Float64Array => {
    const key = String(halfLifeMs)
    const before = kept.get(key)
    if (before?.revision === interactions.revision) return before.scores
    const scores = interactions.popularity(interactions.newest, halfLifeMs)
    kept.delete(key)
    kept.set(key, { revision: interactions.revision, scores })
    for (const oldest of kept.keys()) {
      if (kept.size <= KEPT) break
      kept.delete(oldest)
    }
    return scores
  }
  const newest = (): { ids: string[]; scores: Float64Array } => {
    // Of equal times the later one is newer, so the order of arrival is turned round before ties go by place.
    const ids = [...new Set([...catalog.keys(), ...interactions.items])].toReversed()
    const since = (id: string): number =>
      catalog.get(id)?.since ?? interactions.facts(id)?.first ?? Number.NaN
    return { ids, scores: Float64Array.from(ids, since) }
  }
  return {
    best(step, { limit, accept, halfLifeMs = DEFAULT_HALF_LIFE_MS }) {
      const { ids, scores } =
        step === 'newest'
          ? newest()
          : {
              ids: interactions.items,
              scores: scoresOf(step === 'popular' ? undefined : halfLifeMs),
            }
      const isOpen = (at: number): boolean =>
        (step === 'newest' || scores[at]! > 0) && accept(ids[at]!)
      const open = scores.map((score, at) => (isOpen(at) ? score : Number.NaN))
      return Array.from(topK(open, Math.min(limit, ids.length)), (at) => ({
        id: ids[at]!,
        score: scores[at]!,
      }))
    },
  }
}

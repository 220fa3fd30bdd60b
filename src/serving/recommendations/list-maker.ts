/**
 * One list, in five steps: personal candidates under the rules, new items among them, diversity, stand-ins until the list is
 * full, and the facts of each item. Synchronous: nothing changes between the first and the last.
 */
import type { InteractionStore } from '../../features/index.ts'
import type { ScoredItem } from '../../models/index.ts'
import type { ColdStart, Step } from './cold-start.ts'
import { MOST_SHOWN, writeCursor } from './cursor.ts'
import { diversify } from './diversity.ts'
import type { ItemRules } from './item-rules.ts'
import type { LoadedRecommender } from './loaded-recommender.ts'
import type { ListAnswer, ListItem, ListRules, Source, Trace } from './recommendations.ts'
import type { Scorer } from './scorer.ts'

export interface ListSetting {
  readonly store: InteractionStore
  readonly coldStart: ColdStart
  /** What stands in, in this order. */
  readonly chain: readonly Step[]
  readonly rules: ListRules
  readonly items: ItemRules
  readonly loaded: LoadedRecommender | undefined
  /** Absent: nothing personal. */
  readonly scorer: Scorer | undefined
  /** Why nothing, or not all, is personal. */
  readonly reason: string
  readonly halfLifeMs?: number | undefined
  /** Monotonic milliseconds. */
  readonly nowMs: number
}

export type MadeList = Pick<ListAnswer, 'source' | 'fallback' | 'items' | 'next' | 'trace'>

interface Candidate {
  readonly id: string
  readonly score: number
  readonly source: Source
}

/** Candidates beyond the limit that diversity chooses from. */
const POOL = { least: 50, times: 5, most: 1_000 }
const MOST_REMOVED = 100

export function makeList(setting: ListSetting): MadeList {
  const { rules, items, scorer, store } = setting
  const diversity = rules.diversity ?? 0
  const wanted =
    diversity > 0
      ? Math.min(POOL.most, Math.max(POOL.least, rules.limit * POOL.times))
      : rules.limit
  const personal = scorer?.isPersonal ? candidatesOf(setting, scorer, wanted) : []
  const spread =
    diversity > 0
      ? diversify(personal, rules.limit, diversity, similarityIn(setting.loaded))
      : undefined
  const chosen = spread ? [...spread.items] : personal.slice(0, rules.limit)
  const standIns = fill(setting, chosen)
  const list = [...chosen, ...standIns]
  const ids = list.map(({ id }) => id)
  const isFull = list.length === rules.limit
  const room = MOST_SHOWN - items.shown.size - list.length
  return {
    source: list[0]?.source ?? 'none',
    fallback: standIns.length > 0 || list.length === 0 ? fallbackText(setting, list) : null,
    items: list.map((candidate) => itemOf(candidate, store)),
    next: isFull && room > 0 ? (writeCursor(items.shown, ids) ?? null) : null,
    ...(rules.trace === true && {
      trace: { ...traceOf(setting, list), ...(spread && { diversity: figuresOf(spread) }) },
    }),
  }
}

const figuresOf = ({
  similarityBefore,
  similarityAfter,
  ndcgLoss,
}: NonNullable<Trace['diversity']>): NonNullable<Trace['diversity']> => ({
  similarityBefore,
  similarityAfter,
  ndcgLoss,
})

/** The best `wanted` by score, of what the version knows and of what came since. A score of exactly 0 says nothing. */
function candidatesOf(
  { loaded, items, nowMs }: ListSetting,
  scorer: Scorer,
  wanted: number,
): Candidate[] {
  if (!loaded) return []
  const { fitted } = loaded
  const idOf = (item: number): string => fitted.items.idOf(item)
  const known: readonly ScoredItem[] = items.hasBoost
    ? boostedList(scorer, items, idOf)
    : scorer.recommend({
        limit: wanted,
        accept: (item) => items.refuses(idOf(item)) === undefined,
      })
  const came = loaded.newItems.look(nowMs).flatMap(({ id, folded }): Candidate[] => {
    if (items.refuses(id) !== undefined) return []
    return [{ id, score: items.boosted(id, scorer.scoreNew(folded)), source: 'new-item' }]
  })
  const list = known.map(({ item, score }): Candidate => ({
    id: idOf(item),
    score,
    source: scorer.source,
  }))
  if (came.length === 0) return list.filter(({ score }) => score !== 0).slice(0, wanted)
  return [...list, ...came]
    .filter(({ score }) => score !== 0)
    .toSorted((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
    .slice(0, wanted)
}

/** A boost can lift any item, so all are looked at. */
function boostedList(
  scorer: Scorer,
  items: ItemRules,
  idOf: (item: number) => string,
): ScoredItem[] {
  return Array.from(scorer.scores(), (score, item) => ({ item, score }))
    .filter(({ item, score }) => score !== 0 && items.refuses(idOf(item)) === undefined)
    .map(({ item, score }) => ({ item, score: items.boosted(idOf(item), score) }))
    .toSorted((a, b) => b.score - a.score || a.item - b.item)
}

function similarityIn(
  loaded: LoadedRecommender | undefined,
): (a: Candidate, b: Candidate) => number {
  if (!loaded) return () => 0
  const { fitted } = loaded
  return (a, b) => {
    const [i, j] = [fitted.items.codeOf(a.id), fitted.items.codeOf(b.id)]
    return i < 0 || j < 0 ? 0 : fitted.similarity(i, j)
  }
}

function fill(setting: ListSetting, chosen: readonly Candidate[]): Candidate[] {
  const { rules, items, coldStart, chain, halfLifeMs } = setting
  const taken = new Set(chosen.map(({ id }) => id))
  const filled: Candidate[] = []
  for (const step of chain) {
    const limit = rules.limit - taken.size
    if (limit <= 0) break
    const accept = (id: string): boolean => !taken.has(id) && items.refuses(id) === undefined
    for (const { id, score } of coldStart.best(step, { limit, accept, halfLifeMs })) {
      taken.add(id)
      filled.push({ id, score: items.boosted(id, score), source: step })
    }
  }
  return filled
}

function fallbackText({ reason, scorer }: ListSetting, list: readonly Candidate[]): string {
  const sources = [...new Set(list.map(({ source }) => source))].filter(
    (source) => source !== 'fold-in' && source !== 'model' && source !== 'new-item',
  )
  if (list.length === 0) return `${reason}; no item passes the rules`
  const why = scorer?.isPersonal ? 'no further item has a score for this user' : reason
  return `${why}: ${sources.join(', then ')} items instead`
}

function itemOf({ id, score, source }: Candidate, store: InteractionStore): ListItem {
  const attributes = store.catalog.get(id)?.attributes
  return { item: id, score, source, ...(attributes && { attributes }) }
}

function traceOf(setting: ListSetting, list: readonly Candidate[]): Omit<Trace, 'diversity'> {
  const { scorer, loaded, items } = setting
  const sources: Record<string, number> = {}
  for (const { source } of list) sources[source] = (sources[source] ?? 0) + 1
  return {
    scoreUnit: loaded?.fitted.scoreUnit ?? null,
    history: {
      items: scorer?.items ?? 0,
      newest: scorer?.newest ?? null,
      unknownToModel: scorer?.unknown ?? 0,
    },
    foldedAgoMs: scorer?.foldedAgoMs ?? null,
    rules: items.names,
    removed: removedOf(setting),
    sources,
  }
}

/** What the list would have begun with, had there been no rules. */
function removedOf({ scorer, loaded, rules, items }: ListSetting): Trace['removed'] {
  if (!loaded || !scorer?.isPersonal) return []
  const plain = scorer.recommend({ limit: rules.limit + MOST_REMOVED })
  return plain
    .flatMap(({ item }) => {
      const id = loaded.fitted.items.idOf(item)
      const rule = items.refuses(id)
      return rule === undefined ? [] : [{ item: id, rule }]
    })
    .slice(0, MOST_REMOVED)
}

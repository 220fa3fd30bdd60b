/**
 * One list, in five steps: personal candidates under the rules, new items among them, diversity, stand-ins until the list is
 * full, and the facts of each item. Synchronous: nothing changes between the first and the last.
 */
import type { InteractionStore } from '../../features/index.ts'
import type { ScoredItem } from '../../models/index.ts'
import type { ColdStart, Step } from './cold-start.ts'
import { MOST_SHOWN, writeCursor } from './cursor.ts'
import { diversify, type Diversified } from './diversity.ts'
import { explore } from './explore.ts'
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
  /** 0 to 1 each, of the request or its scenario. */
  readonly diversity: number
  readonly explore: number
  /** Numbers from 0 to below 1, for exploring. */
  readonly uniform: () => number
  /** Monotonic milliseconds. */
  readonly nowMs: number
}

export type MadeList = Pick<ListAnswer, 'source' | 'fallback' | 'items' | 'next' | 'trace'>

interface Candidate {
  readonly id: string
  readonly score: number
  readonly source: Source
  readonly propensity?: number
}

/** Candidates beyond the limit that diversity and exploration choose from. */
const POOL = { least: 50, times: 5, most: 1_000 }
const MOST_REMOVED = 100
/** Relative; far above the rounding of a length, far below what lengths differ by. */
const ROUNDING = 1e-6

export function makeList(setting: ListSetting): MadeList {
  const { rules, items, scorer, store } = setting
  const personal = scorer?.isPersonal ? candidatesOf(setting, scorer, poolOf(setting)) : []
  const first = chooseFrom(setting, personal, rules.limit)
  const standIns = fill(setting, first.list)
  const list = [...first.list, ...standIns.list]
  const spread = first.spread ?? standIns.spread
  const ids = list.map(({ id }) => id)
  const isFull = list.length === rules.limit
  const room = MOST_SHOWN - items.shown.size - list.length
  return {
    source: list[0]?.source ?? 'none',
    fallback: standIns.list.length > 0 || list.length === 0 ? fallbackText(setting, list) : null,
    items: list.map((candidate) => itemOf(candidate, store)),
    next: isFull && room > 0 ? (writeCursor(items.shown, ids) ?? null) : null,
    ...(rules.trace === true && {
      trace: { ...traceOf(setting, list), ...(spread && { diversity: figuresOf(spread) }) },
    }),
  }
}

/** How many candidates are needed to choose from. */
function poolOf({ rules, diversity, explore: share }: ListSetting): number {
  if (diversity === 0 && share === 0) return rules.limit
  return Math.min(POOL.most, Math.max(POOL.least, rules.limit * POOL.times))
}

interface Chosen {
  readonly list: readonly Candidate[]
  readonly spread?: Diversified<Candidate>
}

/** The `limit` best of a pool, made less alike and explored as asked. */
function chooseFrom(setting: ListSetting, pool: readonly Candidate[], limit: number): Chosen {
  const { diversity, explore: share, uniform, loaded } = setting
  if (pool.length === 0) return { list: [] }
  const spread = diversity > 0 ? diversify(pool, limit, diversity, similarityIn(loaded)) : undefined
  const best = spread?.items ?? pool
  if (share === 0) return { list: best.slice(0, limit), ...(spread && { spread }) }
  const isBest = new Set(best)
  const order = [...best, ...pool.filter((candidate) => !isBest.has(candidate))]
  const list = explore(order, limit, share, uniform).map(({ item, propensity }) => ({
    ...item,
    propensity,
  }))
  return { list, ...(spread && { spread }) }
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
  // What cannot reach the last of a full list is not multiplied out.
  const least = items.hasBoost || known.length < wanted ? -Infinity : (known.at(-1)?.score ?? 0)
  const reach = scorer.length === undefined ? Infinity : scorer.length * (1 + ROUNDING)
  const came: Candidate[] = []
  for (const { id, folded, length } of loaded.newItems.look(nowMs)) {
    if (reach * (length ?? Infinity) < least) break
    if (items.refuses(id) !== undefined) continue
    came.push({ id, score: items.boosted(id, scorer.scoreNew(folded)), source: 'new-item' })
  }
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

function fill(setting: ListSetting, chosen: readonly Candidate[]): Chosen {
  const { rules, items, coldStart, chain, halfLifeMs } = setting
  if (chosen.length >= rules.limit) return { list: [] }
  const taken = new Set(chosen.map(({ id }) => id))
  const filled: Candidate[] = []
  let spread: Chosen['spread']
  for (const step of chain) {
    const limit = rules.limit - taken.size
    if (limit <= 0) break
    const accept = (id: string): boolean => !taken.has(id) && items.refuses(id) === undefined
    // A boost can lift any item, so all are looked at.
    const most = items.hasBoost ? Infinity : limit - rules.limit + poolOf(setting)
    const pool = coldStart
      .best(step, { limit: most, accept, halfLifeMs })
      .map(({ id, score }): Candidate => ({ id, score: items.boosted(id, score), source: step }))
    if (items.hasBoost) pool.sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
    const next = chooseFrom(setting, pool.slice(0, poolOf(setting)), limit)
    spread ??= next.spread
    for (const candidate of next.list) {
      taken.add(candidate.id)
      filled.push(candidate)
    }
  }
  return { list: filled, ...(spread && { spread }) }
}

function fallbackText({ reason, scorer }: ListSetting, list: readonly Candidate[]): string {
  const sources = [...new Set(list.map(({ source }) => source))].filter(
    (source) => source !== 'fold-in' && source !== 'model' && source !== 'new-item',
  )
  if (list.length === 0) return `${reason}; no item passes the rules`
  const why = scorer?.isPersonal ? 'no further item has a score for this user' : reason
  return `${why}: ${sources.join(', then ')} items instead`
}

function itemOf({ id, score, source, propensity }: Candidate, store: InteractionStore): ListItem {
  const attributes = store.catalog.get(id)?.attributes
  return {
    item: id,
    score,
    source,
    ...(propensity !== undefined && { propensity }),
    ...(attributes && { attributes }),
  }
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
    removed: removedOf(setting, list),
    sources,
  }
}

/** What the list would have held, had there been no rules: of its personal part, new items, and what stood in. */
function removedOf(setting: ListSetting, list: readonly Candidate[]): Trace['removed'] {
  const { scorer, loaded, rules, items, coldStart, halfLifeMs, nowMs } = setting
  const limit = rules.limit + MOST_REMOVED
  const plain: string[] = []
  if (loaded && scorer?.isPersonal) {
    const { fitted, newItems } = loaded
    plain.push(...scorer.recommend({ limit }).map(({ item }) => fitted.items.idOf(item)))
    plain.push(...newItems.look(nowMs).map(({ id }) => id))
  }
  const steps = setting.chain.filter((step) => list.some(({ source }) => source === step))
  const asked = list.length === 0 ? setting.chain : steps
  for (const step of asked) {
    const accept = (): boolean => true
    plain.push(...coldStart.best(step, { limit, accept, halfLifeMs }).map(({ id }) => id))
  }
  return [...new Set(plain)]
    .flatMap((item) => {
      const rule = items.refuses(item)
      return rule === undefined ? [] : [{ item, rule }]
    })
    .slice(0, MOST_REMOVED)
}

/** From whom a list is for to scores: one taste, or several taken together. */
import { combined, type Combine } from '../../core/index.ts'
import {
  rankScores,
  type FoldedItem,
  type RankRequest,
  type ScoredItem,
  type Taste,
} from '../../models/index.ts'
import type { InteractionStore } from '../../features/index.ts'
import { historyIn, type LoadedRecommender } from './loaded-recommender.ts'
import { lengthOf } from './new-items.ts'
import type { ContextItem, Who } from './recommendations.ts'

export interface Scorer {
  readonly source: 'fold-in' | 'model'
  /** False when nothing that the version knows is known of anybody: scores mean nothing. */
  readonly isPersonal: boolean
  readonly items: number
  readonly unknown: number
  /** Newest event, milliseconds since 1970. */
  readonly newest: number | null
  readonly foldedAgoMs: number | null
  /** ‖x‖, where scores of new items are products with one taste's factors x. */
  readonly length?: number | undefined
  recommend(request: RankRequest): readonly ScoredItem[]
  scores(): Float32Array | Float64Array
  scoreNew(item: FoldedItem): number
}

export interface ScorerSetting {
  readonly store: InteractionStore
  readonly combine: Combine
  readonly loaded: LoadedRecommender
  readonly mode: 'live' | 'training'
  /** Monotonic milliseconds. */
  readonly nowMs: number
}

/** Items that somebody has, by id. A set, or what looks where histories are. */
export type Known = Pick<ReadonlySet<string>, 'has'>

/** Several users: what any of them has. */
export function knownTo(
  who: Who,
  { interactions }: InteractionStore,
  trainedOnly: LoadedRecommender | undefined,
): Known {
  const users = 'users' in who ? who.users : 'user' in who ? [who.user] : []
  const context = new Set('context' in who ? who.context?.map(({ item }) => item) : [])
  if (trainedOnly) {
    const items = users.flatMap((user) => trainedItems(user, trainedOnly))
    return new Set([...items, ...context])
  }
  // Only some items are asked about: looking each up is less work than a set of a long history.
  const histories = users.map((user) => interactions.itemsOf(user))
  return {
    has: (item) => context.has(item) || histories.some((history) => history.has(item)),
  }
}

function trainedItems(user: string, { fitted }: LoadedRecommender): string[] {
  const code = fitted.users.codeOf(user)
  return code < 0
    ? []
    : Array.from(fitted.knownItems(code).items, (item) => fitted.items.idOf(item))
}

export function createScorer(who: Who, setting: ScorerSetting): Scorer {
  if ('users' in who) {
    const members = who.users.map((user) => single({ user }, setting))
    const open = members.filter(({ isPersonal }) => isPersonal)
    return open.length === 0 && members[0] ? members[0] : together(open, who.strategy)
  }
  return single(who, setting)
}

function single(who: Exclude<Who, { users: readonly string[] }>, setting: ScorerSetting): Scorer {
  const { loaded, mode, nowMs } = setting
  if (who.context !== undefined && who.context.length > 0) return inContext(who, setting)
  const user = 'user' in who ? who.user : ''
  if (mode === 'live') {
    const { taste, unknown, newest, foldedAt } = loaded.fold(user, nowMs)
    return ofTaste(taste, { source: 'fold-in', unknown, newest, foldedAgoMs: nowMs - foldedAt })
  }
  const code = loaded.fitted.users.codeOf(user)
  const taste =
    code < 0 ? loaded.fitted.foldIn(historyIn(loaded.fitted, []).history) : loaded.fitted.user(code)
  return ofTaste(taste, { source: 'model', unknown: 0, newest: largest(taste.history.times) })
}

/** As for a user with these events besides; nothing is kept. */
function inContext(
  who: { readonly user?: string; readonly context?: readonly ContextItem[] },
  { store, combine, loaded }: ScorerSetting,
): Scorer {
  const own = who.user === undefined ? [] : store.interactions.history(who.user)
  const events = new Map(own.map((event) => [event.id, event]))
  const time = Math.max(store.interactions.newest, 0)
  for (const { item: id, value = 1 } of who.context ?? []) {
    const before = events.get(id)
    const after = before ? combined(combine, before.value, value) : value
    if (after > 0) events.set(id, { id, value: after, time })
    else events.delete(id)
  }
  const { history, unknown } = historyIn(loaded.fitted, [...events.values()])
  const taste = loaded.fitted.foldIn(history)
  return ofTaste(taste, { source: 'fold-in', unknown, newest: time, foldedAgoMs: 0 })
}

function ofTaste(
  taste: Taste,
  facts: {
    readonly source: Scorer['source']
    readonly unknown: number
    readonly newest: number | undefined
    readonly foldedAgoMs?: number
  },
): Scorer {
  const items = taste.history.items.length
  return {
    length: taste.factors && lengthOf(taste.factors),
    source: facts.source,
    isPersonal: items > 0,
    items: items + facts.unknown,
    unknown: facts.unknown,
    newest: facts.newest ?? null,
    foldedAgoMs: facts.foldedAgoMs ?? null,
    recommend: (request) => taste.recommend(request),
    scores: () => taste.scores(),
    scoreNew: (item) => item.score(taste),
  }
}

/** Each member's scores as a share of their own largest, so that nobody's long history decides; then mean or least. */
function together(members: readonly Scorer[], strategy: 'mean' | 'least-misery'): Scorer {
  const lists = members.map((member) => {
    const scores = member.scores()
    const most = largest(scores) ?? 0
    return { member, scale: most > 0 ? 1 / most : 1, scores }
  })
  const join = (parts: readonly number[]): number =>
    strategy === 'mean'
      ? parts.reduce((sum, part) => sum + part, 0) / parts.length
      : Math.min(...parts)
  let joined: Float64Array | undefined
  const scores = (): Float64Array =>
    (joined ??= Float64Array.from(lists[0]?.scores ?? [], (_, item) =>
      join(lists.map((list) => list.scores[item]! * list.scale)),
    ))
  return {
    source: 'fold-in',
    isPersonal: members.length > 0,
    items: members.reduce((sum, { items }) => sum + items, 0),
    unknown: members.reduce((sum, { unknown }) => sum + unknown, 0),
    newest: largest(members.map(({ newest }) => newest ?? -Infinity)) ?? null,
    foldedAgoMs: largest(members.map(({ foldedAgoMs }) => foldedAgoMs ?? 0)) ?? null,
    recommend: (request) => rankScores(scores(), request),
    scores: () => scores().slice(),
    scoreNew: (item) => join(lists.map(({ member, scale }) => member.scoreNew(item) * scale)),
  }
}

function largest(values: Iterable<number>): number | undefined {
  let most: number | undefined
  for (const value of values) if (most === undefined || value > most) most = value
  return most === -Infinity ? undefined : most
}

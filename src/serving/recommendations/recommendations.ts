/**
 * Lists for users, from the version that serves and everything that the log holds of a user now.
 *
 * Guarantees: **W1** an answer names one version, and every score of it is of that version. **W2** an event acts on its
 * user's next list as soon as the log's tail has it: the user is folded in from the whole history, without a training.
 * **W3** a list is never an error for an unknown user: what stands in is named (`source`, `fallback`). **W4** a list is full
 * when as many items pass its rules. **W5** a page repeats nothing of the pages before, also over a swap. **W6** the same
 * question at the same moment has the same answer, unless it asks to explore.
 */
import type { Cell } from '../../core/index.ts'

/** For whom. */
export type Who =
  /** A user by id. With `context`, as if these events were theirs too. */
  | { readonly user: string; readonly context?: readonly ContextItem[] }
  /** Somebody of whom only this is known; nothing of it is kept. */
  | { readonly context: readonly ContextItem[] }
  /** Several at once: `mean` of their scores, or the score of the least happy. */
  | { readonly users: readonly string[]; readonly strategy: 'mean' | 'least-misery' }

export interface ContextItem {
  readonly item: string
  /** > 0. Default 1. */
  readonly value?: number
}

export interface ListRules {
  /** 1 to 1,000. */
  readonly limit: number
  readonly cursor?: string | undefined
  /** Default false: items that the user has are left out. */
  readonly includeKnown?: boolean
  readonly exclude?: readonly string[]
  /** Only these. */
  readonly allow?: readonly string[] | undefined
  /** Language: `expression-parser.ts`. Only items for which it is true. */
  readonly filter?: string | undefined
  /** The score is multiplied with its value (a negative score moves the other way); null leaves it. */
  readonly boost?: string | undefined
  /** 0 (default) to 1: how much less alike the items should be. */
  readonly diversity?: number | undefined
  /** 0 (default) to 1: the share of places that are given to any candidate, with its propensity. */
  readonly explore?: number | undefined
  /** Name of rules that the app declares: its filter holds besides, the rest where the request says nothing. */
  readonly scenario?: string | undefined
  /** `error`: SERVING_UNKNOWN_USER instead of stand-ins for somebody of whom the version knows nothing. Default `chain`. */
  readonly coldStart?: 'chain' | 'error'
  readonly trace?: boolean
}

/** Rules of the app, for a place where lists are shown. */
export interface Scenario {
  readonly filter?: string
  readonly boost?: string
  readonly diversity?: number
  readonly explore?: number
}

export interface AskedVersion {
  /** Number or alias; default `champion`. */
  readonly version?: number | string
  /** `training`: only what the version learned from, for comparing versions. Default `live`: everything until now. */
  readonly history?: 'live' | 'training'
}

export type Source = 'fold-in' | 'model' | 'new-item' | 'trending' | 'popular' | 'newest'

export interface ListItem {
  readonly item: string
  readonly score: number
  readonly source: Source
  /** How likely this item was to come to this place; only of a list that explores. */
  readonly propensity?: number
  /** Of the catalogue; absent when it has none. */
  readonly attributes?: Readonly<Record<string, Cell>>
}

/** What made an answer. `version` is null before the first one. */
export interface Origin {
  readonly model: string
  readonly version: number | null
  readonly digest: string | null
  /** Newest event that the answer knows, milliseconds since 1970; null before the first. */
  readonly dataAsOf: number | null
}

export interface Trace {
  /** What a personal score is. */
  readonly scoreUnit: string | null
  readonly history: {
    readonly items: number
    /** Newest event of it, milliseconds since 1970. */
    readonly newest: number | null
    /** Items that the version does not know: they are left out of lists, but do not shape them. */
    readonly unknownToModel: number
  }
  /** How long ago the history was folded in, milliseconds; null when nothing was. */
  readonly foldedAgoMs: number | null
  readonly rules: readonly string[]
  /** Items that would have been in the list, and the rule that took each out. At most 100. */
  readonly removed: readonly { readonly item: string; readonly rule: string }[]
  readonly sources: Readonly<Record<string, number>>
  readonly diversity?: {
    readonly similarityBefore: number
    readonly similarityAfter: number
    readonly ndcgLoss: number
  }
}

export interface ListAnswer extends Origin {
  /** An event that carries it is counted as an answer to this list, where the app declares `attribution`. */
  readonly recommendationId: string
  readonly scenario?: string
  /** Of the first item; `none` for an empty list. */
  readonly source: Source | 'none'
  /** Why the list is not personal, or not only, in words. */
  readonly fallback: string | null
  readonly items: readonly ListItem[]
  /** Cursor of the next page; null at the end. */
  readonly next: string | null
  readonly trace?: Trace
}

export interface BecauseAnswer extends Origin {
  readonly user: string
  readonly item: string
  readonly score: number
  readonly base: number
  /** Descending size. base + Σ contribution = score. */
  readonly contributions: readonly {
    readonly item: string
    readonly value: number
    readonly contribution: number
  }[]
  readonly fallback: string | null
}

/** Items that a user has, and that the version would not have expected: lowest score first. */
export interface SurprisingAnswer extends Origin {
  readonly user: string
  readonly items: readonly (KnownItem & { readonly score: number })[]
  readonly fallback: string | null
}

/** Users who have much of the same: √-normalised overlap, most alike first. */
export interface Neighbor {
  readonly user: string
  /** Items that both have / √(items of one · items of the other): 0 to 1. */
  readonly score: number
  readonly shared: number
}

export interface UserAnswer {
  readonly user: string
  /** Items that the user has now. */
  readonly items: number
  /** Newest event, milliseconds since 1970; null without one. */
  readonly last: number | null
}

export interface EstimateAnswer extends Origin {
  readonly scoreUnit: string | null
  readonly estimates: readonly {
    readonly item: string
    /** Null when the version cannot say; `fallback` says why. */
    readonly score: number | null
    readonly isKnown: boolean
    readonly fallback: string | null
  }[]
}

export interface UsersAnswer extends Origin {
  readonly item: string
  readonly users: readonly { readonly user: string; readonly score: number }[]
  readonly fallback: string | null
}

export interface KnownItem extends Omit<ListItem, 'score' | 'source'> {
  readonly value: number
  /** Milliseconds since 1970. */
  readonly time: number
}

export interface Freshness extends Origin {
  readonly lagRecords: number
  readonly users: number
  readonly items: number
  readonly pairs: number
  /** Items with events that the version does not know yet. */
  readonly newItems: number
  /** Between the version before, with histories folded in, and this one, at the moment of the swap. */
  readonly gap: FoldInGap | null
}

export interface FoldInGap {
  readonly from: number
  readonly to: number
  readonly users: number
  /** Mean |score before − score after| over each user's ten best, as a share of the mean |score|. */
  readonly meanScoreGap: number
  /** Mean share of the ten best that both versions have in common. */
  readonly overlapAt10: number
}

export interface Recommendations {
  /** The declared recommenders. */
  readonly models: readonly string[]
  /**
   * Throws REGISTRY_UNKNOWN_MODEL, REGISTRY_UNKNOWN_VERSION, SERVING_INVALID_EXPRESSION, SERVING_INVALID_CURSOR,
   * SERVING_EXPRESSION_TOO_COSTLY, SERVING_UNKNOWN_SCENARIO; for an unknown user only if asked to.
   */
  recommend(model: string, who: Who, rules: ListRules, asked?: AskedVersion): Promise<ListAnswer>
  /** Items like one or several. Throws SERVING_UNKNOWN_ITEM. */
  similar(
    model: string,
    items: readonly string[],
    rules: ListRules,
    asked?: AskedVersion,
  ): Promise<ListAnswer>
  /** Not personal; needs no version, but for diversity. */
  list(
    model: string,
    by: 'popular' | 'trending' | 'newest',
    rules: ListRules & { readonly halfLifeMs?: number },
  ): Promise<ListAnswer>
  /** Throws SERVING_NOT_READY, SERVING_UNKNOWN_ITEM. */
  because(model: string, user: string, item: string, asked?: AskedVersion): Promise<BecauseAnswer>
  estimate(
    model: string,
    who: Who,
    items: readonly string[],
    asked?: AskedVersion,
  ): Promise<EstimateAnswer>
  /** Throws SERVING_NOT_READY, SERVING_UNKNOWN_ITEM. */
  usersForItem(
    model: string,
    item: string,
    limit: number,
    asked?: AskedVersion,
  ): Promise<UsersAnswer>
  /** Throws SERVING_NOT_READY. */
  surprising(
    model: string,
    user: string,
    limit: number,
    asked?: AskedVersion,
  ): Promise<SurprisingAnswer>
  /** Needs no version. */
  neighbors(model: string, user: string, limit: number): readonly Neighbor[]
  /** All users, in the order in which they came. */
  users(model: string): readonly string[]
  /** Undefined for one never seen. */
  user(model: string, user: string): UserAnswer | undefined
  /** What a user has, newest first. */
  knownItems(model: string, user: string, asked?: AskedVersion): Promise<readonly KnownItem[]>
  mostActive(
    model: string,
    limit: number,
  ): readonly { readonly user: string; readonly items: number }[]
  /** Catalogue entry and counts; undefined for an item never heard of. */
  item(model: string, item: string): ItemAnswer | undefined
  /** Ids of all items, catalogue first. */
  items(model: string): readonly string[]
  freshness(model: string): Freshness
  /** The live versions; a model that is not here has none yet. */
  live(): readonly LiveRecommender[]
  problems(): readonly { readonly model: string; readonly problem: string }[]
  /** Resolves when everything acknowledged before the call is known. */
  refresh(): Promise<void>
  settled(): Promise<void>
  /** The histories stay open: who opened them closes them. */
  close(): Promise<void>
}

export interface ItemAnswer {
  readonly item: string
  readonly attributes: Readonly<Record<string, Cell>>
  /** Users who have it now. */
  readonly users: number
  /** Milliseconds since 1970; null without an event. */
  readonly first: number | null
  readonly last: number | null
}

export interface LiveRecommender {
  readonly model: string
  readonly task: 'recommender'
  readonly version: number
  readonly digest: string
  readonly loadedAt: string
  readonly problem?: string
}

/**
 * The contract of the task `recommender`: it learns from who had to do with what, ranks items for a user, and takes in what
 * a user did since without being trained again.
 *
 * Ids are texts; inside a model each has a code, its place in the sorted list of ids (`IdList`). Codes are only meant for
 * the model that gave them.
 *
 * Guarantees, each held by a test of the same number in `recommender.conformance.ts`:
 * - **N1** `fit`, `foldIn` and every answer leave their inputs as they are.
 * - **N2** the same interactions, parameters and seed give the same artifact, byte for byte; the order in which events came
 *   changes nothing where they do not compete (`createInteractions`).
 * - **N3** `load(save())` answers the same bits.
 * - **N4** degenerate data (one user, one item, one pair, every pair, equal times, huge values) gives finite scores or
 *   MODEL_TOO_FEW_ROWS / MODEL_INVALID_DATA; never NaN out.
 * - **N5** `recommend` answers in descending score, ties by ascending code, at most `limit`, only accepted items, and all
 *   `limit` of them when so many are accepted: it is exact.
 * - **N6** `score(item)` is `scores()[item]`, and the score that `recommend` gives the item.
 * - **N7** `because` accounts for every score: base + Σ contributions over the history = score.
 * - **N8** `user(code)` answers as `foldIn(knownItems(code))` does.
 * - **N9** an item folded in from its audience scores as its audience's tastes say: higher for those like them; its
 *   `because` accounts for that score.
 * - **N10** an empty history, and items nobody had, have finite scores: a caller decides what to show instead.
 * - **N11** personal kinds find the pattern: on a checkerboard each user's missing items of the own colour come first, the
 *   items most similar to an item are of its colour, and so are the users for it.
 * - **N12** `fit` ends within 100 ms of its signal, with the signal's reason.
 * - **N13** `refresh`, in kinds that have it: the same artifact and interactions give the same bytes, those of the artifact
 *   when nothing changed; a user whose interactions changed answers as `foldIn` of them does, also with new items.
 */
import type { z } from 'zod'
import type { IdList } from './id-list.ts'
import type { Artifact, FitContext, FittedBase } from './model.ts'

/** Who had to do with what: one entry per pair of user and item, by user. Made by `createInteractions`. */
export interface Interactions {
  readonly users: IdList
  readonly items: IdList
  /** users + 1; the entries of user u are start[u] to start[u + 1] − 1, their items ascending. */
  readonly start: Int32Array
  /** Item code per entry. */
  readonly item: Int32Array
  /** How much, > 0: a rating, a count; 1 where the app declares no value. */
  readonly value: Float32Array
  /** When last, milliseconds since 1970. */
  readonly time: Float64Array
}

/** What one user did, as codes of a model: one entry per item, ascending codes. */
export interface History {
  readonly items: Int32Array
  /** > 0. */
  readonly values: Float32Array
  /** Milliseconds since 1970. */
  readonly times: Float64Array
}

export interface ScoredItem {
  readonly item: number
  readonly score: number
}

export interface ScoredUser {
  readonly user: number
  readonly score: number
}

export interface RankRequest {
  /** Most items of the answer, ≥ 0. */
  readonly limit: number
  /** Which items may be in it. Asked at most once for an item, and not for all of them. Default: every item. */
  readonly accept?: (item: number) => boolean
}

/** Why an item got its score. */
export interface Because {
  /** What a user without a history would get. */
  readonly base: number
  /** One per entry of the history: what it added. */
  readonly contributions: Float64Array
  readonly score: number
}

/** What a model makes of a history. */
export interface Taste {
  readonly history: History
  /** Latent factors, in kinds that have them. Not to be changed. */
  readonly factors?: Float32Array
  /** Of every item of the model, known ones too. The caller owns the array. */
  scores(): Float32Array | Float64Array
  score(item: number): number
  recommend(request: RankRequest): readonly ScoredItem[]
  because(item: number): Because
}

/** One of those who had to do with an item that the model does not know. */
export interface Listener {
  readonly taste: Taste
  /** > 0. */
  readonly value: number
  /** Milliseconds since 1970. */
  readonly time: number
}

/** An item that came after the training. */
export interface FoldedItem {
  readonly factors?: Float32Array
  /** `taste`: of the same model. */
  score(taste: Taste): number
  /** As that of an item that the model knows. */
  because(taste: Taste): Because
}

export interface FittedRecommender extends FittedBase {
  readonly task: 'recommender'
  readonly users: IdList
  readonly items: IdList
  /** What a score is, in words: for documentation and traces. */
  readonly scoreUnit: string
  /** What the model learned of a user from. */
  knownItems(user: number): History
  user(code: number): Taste
  /** From the user's whole history: never from what is new only. */
  foldIn(history: History): Taste
  foldInItem(audience: readonly Listener[]): FoldedItem
  /** Descending score, ties by code; never the item itself. */
  similar(item: number, request: RankRequest): readonly ScoredItem[]
  /** −1 to 1: how alike two items are, for diversity. */
  similarity(a: number, b: number): number
  /** Users most likely to want an item, descending score, ties by code; those who know it are left out. */
  usersForItem(item: number, limit: number): readonly ScoredUser[]
}

/** How many there are of what. */
export interface InteractionSize {
  readonly users: number
  readonly items: number
  readonly interactions: number
}

/** A kind of recommender. Its parameters are a zod object: every field with default, range, unit and description. */
export interface RecommenderKind<Params = unknown> {
  readonly name: string
  readonly task: 'recommender'
  readonly summary: string
  readonly params: z.ZodType<Params>
  /** The trivial model that this one must beat; a baseline names itself. */
  readonly baseline: string
  /** Whether two users get different lists. */
  readonly isPersonal: boolean
  /** Values that a search tries, by parameter: those that lists depend on most. */
  readonly searchSpace: Readonly<Record<string, readonly unknown[]>>
  /** Most memory of a fit, bytes; stated before it starts. */
  memoryBytes(size: InteractionSize, params: Params): number
  /** A change of the parameters with which a fit needs at most `bytes`: "set factors to 24 or less". Undefined: none helps. */
  settingsThatFit?(size: InteractionSize, params: Params, bytes: number): string | undefined
  /** Throws MODEL_TOO_FEW_ROWS, MODEL_INVALID_DATA. `params`: the parsed ones (`parseParams`). */
  fit(data: Interactions, params: Params, context: FitContext): Promise<FittedRecommender>
  /**
   * A model taken on to other interactions, with its own parameters: what changed is learned again, the rest stays. Absent in
   * kinds that can only be fitted. Throws MODEL_ARTIFACT_INVALID, and as `fit`.
   *
   * @param before artifact of a model of this kind; not changed
   */
  refresh?(before: Artifact, data: Interactions, context: FitContext): Promise<Refreshed>
  /** Throws MODEL_ARTIFACT_INVALID. */
  load(artifact: Artifact): FittedRecommender
}

export interface Refreshed {
  readonly fitted: FittedRecommender
  /** How many were learned again. */
  readonly users: number
  readonly items: number
}

/** Parts that kinds of recommenders share: ranking by a full array of scores, and a taste made of one. */
import { topK } from '../kernels/index.ts'
import type { Because, History, RankRequest, ScoredItem, Taste } from './recommender.ts'

/** The accepted items with the largest scores: descending, ties by ascending code; NaN never. */
export function rankScores(
  scores: Float32Array | Float64Array,
  { limit, accept }: RankRequest,
): ScoredItem[] {
  const open = accept ? scores.map((score, item) => (accept(item) ? score : Number.NaN)) : scores
  return Array.from(topK(open, limit), (item) => ({ item, score: scores[item]! }))
}

/** A taste whose scores are computed for all items at once, when first asked for. */
export function createDenseTaste(parts: {
  readonly history: History
  readonly factors?: Float32Array
  readonly scores: () => Float32Array | Float64Array
  readonly because: (item: number, score: number) => Omit<Because, 'score'>
}): Taste {
  let cached: Float32Array | Float64Array | undefined
  const scores = (): Float32Array | Float64Array => (cached ??= parts.scores())
  return {
    history: parts.history,
    ...(parts.factors && { factors: parts.factors }),
    scores: () => scores().slice(),
    score: (item) => scores()[item] ?? 0,
    recommend: (request) => rankScores(scores(), request),
    because(item) {
      const score = scores()[item] ?? 0
      return { ...parts.because(item, score), score }
    },
  }
}

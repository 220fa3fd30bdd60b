/** The best that any model can reach: the scores of someone who knows μ, b, p and q, and not the noise. */
import type { RatingRows } from './movielens-events.ts'
import { NOISE, NOISE_PARTS, plantedScore, type Movies, type Users } from './movielens-world.ts'

export interface BestScores {
  /** Root mean squared error of the expected rating. */
  readonly rmse: number
  /** Area under the ROC curve of P(rating ≥ 4). */
  readonly auc: number
}

/** Expected rating and P(rating ≥ 4) of a planted score: sums over the rating levels of the rounded, clipped normal. */
export function expectation(score: number, usesHalves: boolean): { mean: number; like: number } {
  const step = usesHalves ? 0.5 : 1
  const lowest = usesHalves ? 0.5 : 1
  // E[r] = lowest + step · Σ P(r > level), over the levels below 5.
  let mean = lowest
  let like = 0
  for (let level = lowest; level < 5; level += step) {
    let above = 0
    for (const { share, shift } of NOISE_PARTS) {
      above += share * (1 - normalCdf((level + step / 2 - score - shift) / NOISE))
    }
    mean += step * above
    if (level + step === 4) like = above
  }
  return { mean, like }
}

export function bestScores(rows: RatingRows, users: Users, movies: Movies): BestScores {
  const like = new Float64Array(rows.count)
  let squares = 0
  for (let i = 0; i < rows.count; i++) {
    const user = rows.users[i]!
    const score = plantedScore(users, user, movies, rows.movies[i]!)
    const expected = expectation(score, users.usesHalves[user] === 1)
    squares += (rows.ratings[i]! - expected.mean) ** 2
    like[i] = expected.like
  }
  return { rmse: Math.sqrt(squares / rows.count), auc: auc(like, rows.ratings) }
}

/** Mann–Whitney form of the AUC; equal scores share their rank. */
function auc(scores: Float64Array, ratings: Float64Array): number {
  const order = Uint32Array.from(scores, (_, i) => i)
  order.sort((a, b) => scores[a]! - scores[b]!)
  let positives = 0
  let rankSum = 0
  for (let i = 0; i < order.length;) {
    let end = i + 1
    while (end < order.length && scores[order[end]!] === scores[order[i]!]) end++
    const rank = (i + 1 + end) / 2
    for (; i < end; i++) {
      if (ratings[order[i]!]! < 4) continue
      positives++
      rankSum += rank
    }
  }
  const negatives = order.length - positives
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives)
}

/** Φ by Abramowitz and Stegun 26.2.17, error below 7.5e-8. */
function normalCdf(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x))
  const polynomial =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
  const tail = (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) * polynomial
  return x >= 0 ? 1 - tail : tail
}

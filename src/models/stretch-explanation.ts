/** Explanations after the score of a row was put through a function. */
import type { Explanation } from './model.ts'

/**
 * Parts of the score as parts of `moved(score)`: all parts of a row are stretched alike, so that their proportions stay and
 * they sum to it. Exact in the sense of Shapley when `moved` is a straight line.
 */
export function stretchExplanation(
  { names, base, contributions, score }: Explanation,
  moved: (score: number) => number,
): Explanation {
  const from = moved(base)
  const width = names.length
  const to = score.map(moved)
  const parts = contributions.map((part, at) => {
    const r = Math.floor(at / width)
    const distance = score[r]! - base
    return distance === 0 ? 0 : (part / distance) * (to[r]! - from)
  })
  // A row whose parts cancel out has nothing to stretch by: it stays at the base, and so do its parts.
  return { names, base: from, contributions: parts, score: to }
}

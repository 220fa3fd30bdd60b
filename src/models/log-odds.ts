/** Between probabilities and log-odds (natural logarithm), without overflow. */

/** 1 / (1 + e^{−s}). */
export function sigmoid(score: number): number {
  if (score >= 0) return 1 / (1 + Math.exp(-score))
  const e = Math.exp(score)
  return e / (1 + e)
}

/** log(1 + e^s): the log loss of a row of label 0. */
export const softplus = (score: number): number =>
  Math.max(score, 0) + Math.log1p(Math.exp(-Math.abs(score)))

/** Nearer to 0 or 1 than this is not told apart: log-odds stay within ±34.6. */
const LEAST = 1e-15

/** log(p / (1 − p)). */
export function logOdds(probability: number): number {
  const p = Math.min(1 - LEAST, Math.max(LEAST, probability))
  return Math.log(p / (1 - p))
}

/**
 * From a classifier's log-odds to probabilities that hold: of rows with probability p, a share of p has label 1. Both ways
 * learn from rows that the classifier has not seen, and keep the order of scores.
 *
 * - `platt` (Platt, "Probabilistic outputs for support vector machines", 1999, section 2.2, with its targets): p = σ(a s + b),
 *   a ≥ 0. For little data; right when the scores are only too sure or too timid.
 * - `isotonic` (Zadrozny and Elkan, KDD 2002; pool adjacent violators: Ayer et al., Annals of Mathematical Statistics 26, 1955):
 *   the best rising function, straight between its steps. For a thousand held-out rows or more.
 */
import { minimize } from '../../kernels/index.ts'
import { logOdds, sigmoid, softplus } from '../log-odds.ts'

export interface HeldOut {
  /** Log-odds, label and weight of each row. */
  readonly score: Float64Array
  readonly label: Float64Array
  readonly weight: Float64Array
}

export interface PlattCalibrator {
  readonly method: 'platt'
  readonly slope: number
  readonly intercept: number
}

export interface IsotonicCalibrator {
  readonly method: 'isotonic'
  /** Ascending, and the probability at each; constant outside, straight between. */
  readonly scores: Float64Array
  readonly probabilities: Float64Array
}

export type Calibrator = PlattCalibrator | IsotonicCalibrator

/** Both classes must occur. */
export async function fitPlatt(held: HeldOut, signal?: AbortSignal): Promise<PlattCalibrator> {
  const { score, label, weight } = held
  const mass: [number, number] = [0, 0]
  label.forEach((y, r) => (mass[y === 1 ? 1 : 0] += weight[r]!))
  const target = label.map((y) => (y === 1 ? (mass[1] + 1) / (mass[1] + 2) : 1 / (mass[0] + 2)))
  const all = mass[0] + mass[1]
  const unknowns = Float64Array.of(1, 0)
  const evaluate = (at: Float64Array, gradient: Float64Array): number => {
    let loss = 0
    gradient.fill(0)
    for (let r = 0; r < score.length; r++) {
      const s = at[0]! * score[r]! + at[1]!
      const v = weight[r]! / all
      loss += v * (softplus(s) - target[r]! * s)
      const error = v * (sigmoid(s) - target[r]!)
      gradient[0] = gradient[0]! + error * score[r]!
      gradient[1] = gradient[1]! + error
    }
    return loss
  }
  await minimize(evaluate, unknowns, { maxIterations: 200, tolerance: 1e-9, signal })
  const [slope, intercept] = unknowns as unknown as [number, number]
  // Scores in the wrong order: only the share of label 1 is known.
  if (!(slope >= 0)) return { method: 'platt', slope: 0, intercept: logOdds(mass[1] / all) }
  return { method: 'platt', slope, intercept }
}

/** Pools neighbours until the means rise; O(rows log rows). */
export function fitIsotonic({ score, label, weight }: HeldOut): IsotonicCalibrator {
  const order = [...score.keys()].toSorted((a, b) => score[a]! - score[b]! || a - b)
  const blocks: { low: number; high: number; sum: number; mass: number }[] = []
  for (const r of order) {
    const s = score[r]!
    const last = blocks.at(-1)
    if (last && last.high === s) {
      last.sum += weight[r]! * label[r]!
      last.mass += weight[r]!
    } else blocks.push({ low: s, high: s, sum: weight[r]! * label[r]!, mass: weight[r]! })
  }
  const pooled: typeof blocks = []
  for (const block of blocks) {
    pooled.push(block)
    while (pooled.length > 1) {
      const [a, b] = pooled.slice(-2) as [typeof block, typeof block]
      if (a.sum / a.mass < b.sum / b.mass) break
      const joined = { low: a.low, high: b.high, sum: a.sum + b.sum, mass: a.mass + b.mass }
      pooled.splice(-2, 2, joined)
    }
  }
  const knots = pooled.flatMap(({ low, high, sum, mass }) =>
    (low === high ? [low] : [low, high]).map((at) => ({ at, share: Math.min(1, sum / mass) })),
  )
  return {
    method: 'isotonic',
    scores: Float64Array.from(knots, ({ at }) => at),
    probabilities: Float64Array.from(knots, ({ share }) => share),
  }
}

/** Log-odds after calibration; within ±34.6 for isotonic, whose probabilities may be 0 or 1. */
export function calibrate(calibrator: Calibrator, score: number): number {
  if (calibrator.method === 'platt') return calibrator.slope * score + calibrator.intercept
  const { scores, probabilities } = calibrator
  let low = 0
  let high = scores.length - 1
  if (score <= scores[low]!) return logOdds(probabilities[low]!)
  if (score >= scores[high]!) return logOdds(probabilities[high]!)
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (scores[middle]! <= score) low = middle
    else high = middle
  }
  const part = (score - scores[low]!) / (scores[high]! - scores[low]!)
  return logOdds(probabilities[low]! + part * (probabilities[high]! - probabilities[low]!))
}

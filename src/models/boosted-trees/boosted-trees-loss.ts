/**
 * The two losses: their gradients and hessians by the score (Chen and Guestrin, KDD 2016, equation 2). With y the label, v
 * the weight and s the score of a row:
 *
 *   classifier   v (log(1 + e^s) − y s)    g = v (p − y), h = v p (1 − p), p = σ(s)
 *   regressor    v (s − y)² / 2            g = v (s − y), h = v
 */
import { weightedMean } from '../weighted-mean.ts'
import { logOdds, softplus } from '../log-odds.ts'

export interface Loss {
  /** The best constant score. */
  start(label: Float64Array, weight: Float64Array): number
  /** Gradients and hessians of rows `from` to `to`; returns the largest absolute gradient. Absent: the kernel's logistic loss. */
  derive?(rows: LossRows, gradients: Float64Array, hessians: Float64Array, range: Range): number
  /** No hessian is above this times the largest weight. */
  readonly maxHessian: number
  of(score: number, label: number): number
}

export interface LossRows {
  readonly score: Float64Array
  readonly label: Float64Array
  readonly weight: Float64Array
}

interface Range {
  readonly from: number
  readonly to: number
}

export const logLoss: Loss = {
  start: (label, weight) => logOdds(weightedMean(label, weight)),
  maxHessian: 0.25,
  of: (score, label) => softplus(score) - label * score,
}

export const squaredLoss: Loss = {
  start: weightedMean,
  derive({ score, label, weight }, gradients, hessians, { from, to }) {
    let largest = 0
    for (let r = from; r < to; r++) {
      const v = weight[r]!
      const gradient = v * (score[r]! - label[r]!)
      gradients[r] = gradient
      hessians[r] = v
      if (gradient > largest) largest = gradient
      else if (-gradient > largest) largest = -gradient
    }
    return largest
  },
  maxHessian: 1,
  of: (score, label) => ((score - label) * (score - label)) / 2,
}

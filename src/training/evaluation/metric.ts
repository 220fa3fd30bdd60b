/**
 * A metric compares predictions with what was true. Exact definitions, no approximations.
 *
 * 1. Finite, or NaN when the data does not define it (one class only, no rows).
 * 2. A row of weight k counts as k rows that are alike: what a bootstrap draws. Absent weights are all 1.
 */

/** What a metric sees: the label and the prediction of the same rows, in the same order. */
export interface Scored {
  /** 0 or 1 for a classifier, the value for a regressor. */
  readonly truth: Float64Array
  /** Probability of 1, or the predicted value. */
  readonly predicted: Float64Array
  /** How often each row counts, ≥ 0. */
  readonly weights?: Float64Array
  /** Rows by ascending prediction, when somebody has sorted them already. */
  readonly order?: Uint32Array
}

export interface Metric {
  readonly name: string
  readonly task: 'classifier' | 'regressor'
  /** +1: higher is better; −1: lower is better. */
  readonly direction: 1 | -1
  readonly summary: string
  /** NaN when the rows do not define it. */
  compute(scored: Scored): number
}

/** Rows by ascending prediction; rows that tie stay in their order. */
export const ascending = (predicted: Float64Array): Uint32Array =>
  Uint32Array.from(predicted.keys()).toSorted((a, b) => (predicted[a] ?? 0) - (predicted[b] ?? 0))

/** Weighted mean of `of` over the rows; NaN without rows. */
export function meanOver(
  { truth, predicted, weights }: Scored,
  of: (truth: number, predicted: number) => number,
): number {
  let sum = 0
  let rows = 0
  for (let i = 0; i < truth.length; i += 1) {
    const weight = weights === undefined ? 1 : (weights[i] ?? 0)
    if (weight === 0) continue
    sum += weight * of(truth[i] ?? 0, predicted[i] ?? 0)
    rows += weight
  }
  return sum / rows
}

/** Rows that share one prediction, with how many of each class. */
export interface Step {
  readonly score: number
  readonly positives: number
  readonly negatives: number
}

/** Calls `visit` for each distinct prediction, best first: the steps of a ROC, precision-recall or lift curve. */
export function eachStep(scored: Scored, visit: (step: Step) => void): void {
  const { truth, predicted, weights } = scored
  const order = scored.order ?? ascending(predicted)
  for (let end = order.length; end > 0;) {
    const score = predicted[order[end - 1] ?? 0] ?? 0
    let positives = 0
    let negatives = 0
    while (end > 0 && predicted[order[end - 1] ?? 0] === score) {
      end -= 1
      const row = order[end] ?? 0
      const weight = weights === undefined ? 1 : (weights[row] ?? 0)
      if (truth[row] === 1) positives += weight
      else negatives += weight
    }
    if (positives + negatives > 0) visit({ score, positives, negatives })
  }
}

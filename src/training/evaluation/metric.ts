/**
 * A metric compares predictions with what was true. Exact definitions, no approximations; weights all 1.
 * Guarantee: finite, or NaN with `defined(…) === false` when the data does not define it (one class only, no rows).
 */

/** What a metric sees: the label and the prediction of the same rows, in the same order. */
export interface Scored {
  /** 0 or 1 for a classifier, the value for a regressor. */
  readonly truth: Float64Array
  /** Probability of 1, or the predicted value. */
  readonly predicted: Float64Array
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

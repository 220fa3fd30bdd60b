/** Σ wᵢ xᵢ / Σ wᵢ; both arrays of one length, Σ wᵢ > 0. Never outside the range of the values. */
export function weightedMean(values: Float64Array, weights: Float64Array): number {
  let sum = 0
  let weightSum = 0
  for (let i = 0; i < values.length; i++) {
    sum += weights[i]! * values[i]!
    weightSum += weights[i]!
  }
  const mean = sum / weightSum
  let low = Infinity
  let high = -Infinity
  for (const value of values) {
    if (value < low) low = value
    if (value > high) high = value
  }
  return Math.min(high, Math.max(low, mean))
}

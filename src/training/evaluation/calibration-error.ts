import type { Metric } from './metric.ts'

/** Bins of equal width, as in Guo et al. 2017, section 2. */
const BINS = 15

/**
 * Expected calibration error (Naeini, Cooper & Hauskrecht 2015): in bins of probability, the distance between what was
 * promised and what came, averaged over the rows.
 */
export const calibrationError: Metric = {
  name: 'calibration_error',
  task: 'classifier',
  direction: -1,
  summary: 'how far probabilities are from the shares that came true; 0 is perfect',
  compute({ truth, predicted, weights }) {
    const gaps = new Float64Array(BINS)
    let rows = 0
    for (let i = 0; i < truth.length; i += 1) {
      const probability = predicted[i] ?? 0
      const bin = Math.min(BINS - 1, Math.floor(probability * BINS))
      const weight = weights === undefined ? 1 : (weights[i] ?? 0)
      gaps[bin] = (gaps[bin] ?? 0) + weight * ((truth[i] ?? 0) - probability)
      rows += weight
    }
    return gaps.reduce((sum, gap) => sum + Math.abs(gap), 0) / rows
  },
}

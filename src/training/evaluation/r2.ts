import type { Metric } from './metric.ts'

/** Coefficient of determination: 1 − squared error / variance around the mean of these rows. Can be negative. */
export const r2: Metric = {
  name: 'r2',
  task: 'regressor',
  direction: 1,
  summary: 'share of the variance that is explained; 0 is the mean of the scored rows',
  compute({ truth, predicted }) {
    let mean = 0
    for (const value of truth) mean += value / truth.length
    let error = 0
    let spread = 0
    for (let i = 0; i < truth.length; i += 1) {
      error += ((predicted[i] ?? 0) - (truth[i] ?? 0)) ** 2
      spread += ((truth[i] ?? 0) - mean) ** 2
    }
    return spread === 0 ? Number.NaN : 1 - error / spread
  },
}

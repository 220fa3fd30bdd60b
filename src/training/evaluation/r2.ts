import { meanOver, type Metric } from './metric.ts'

/** Coefficient of determination: 1 − squared error / variance around the mean of these rows. Can be negative. */
export const r2: Metric = {
  name: 'r2',
  task: 'regressor',
  direction: 1,
  summary: 'share of the variance that is explained; 0 is the mean of the scored rows',
  compute(scored) {
    const mean = meanOver(scored, (truth) => truth)
    const spread = meanOver(scored, (truth) => (truth - mean) ** 2)
    const error = meanOver(scored, (truth, predicted) => (predicted - truth) ** 2)
    return spread === 0 ? Number.NaN : 1 - error / spread
  },
}

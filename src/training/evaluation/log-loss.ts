import { meanOver, type Metric } from './metric.ts'

/** Smallest probability that is scored, so that one certain mistake is not infinite. As in scikit-learn for float64. */
const EPSILON = 2 ** -52

/** Mean negative log-likelihood in nats. */
export const logLoss: Metric = {
  name: 'log_loss',
  task: 'classifier',
  direction: -1,
  summary: 'mean negative log-likelihood, nats',
  compute: (scored) =>
    meanOver(scored, (truth, predicted) => {
      const p = Math.min(1 - EPSILON, Math.max(EPSILON, predicted))
      return truth === 1 ? -Math.log(p) : -Math.log1p(-p)
    }),
}

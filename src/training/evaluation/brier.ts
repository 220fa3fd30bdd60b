import { meanOver, type Metric } from './metric.ts'

/** Mean squared error of the probability (Brier 1950). */
export const brier: Metric = {
  name: 'brier',
  task: 'classifier',
  direction: -1,
  summary: 'mean squared error of the probability',
  compute: (scored) => meanOver(scored, (truth, predicted) => (predicted - truth) ** 2),
}

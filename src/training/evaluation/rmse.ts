import { meanOver, type Metric } from './metric.ts'

/** Root of the mean squared error, in the label's unit. */
export const rmse: Metric = {
  name: 'rmse',
  task: 'regressor',
  direction: -1,
  summary: 'root of the mean squared error, in the label’s unit',
  compute: (scored) => Math.sqrt(meanOver(scored, (truth, predicted) => (predicted - truth) ** 2)),
}

import { meanOver, type Metric } from './metric.ts'

/** Mean absolute error, in the label's unit. */
export const mae: Metric = {
  name: 'mae',
  task: 'regressor',
  direction: -1,
  summary: 'mean absolute error, in the label’s unit',
  compute: (scored) => meanOver(scored, (truth, predicted) => Math.abs(predicted - truth)),
}

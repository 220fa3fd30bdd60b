import type { Metric } from './metric.ts'

/** Mean absolute error, in the label's unit. */
export const mae: Metric = {
  name: 'mae',
  task: 'regressor',
  direction: -1,
  summary: 'mean absolute error, in the label’s unit',
  compute({ truth, predicted }) {
    let sum = 0
    for (let i = 0; i < truth.length; i += 1) sum += Math.abs((predicted[i] ?? 0) - (truth[i] ?? 0))
    return sum / truth.length
  },
}

import type { Metric } from './metric.ts'

/** Root of the mean squared error, in the label's unit. */
export const rmse: Metric = {
  name: 'rmse',
  task: 'regressor',
  direction: -1,
  summary: 'root of the mean squared error, in the label’s unit',
  compute({ truth, predicted }) {
    let sum = 0
    for (let i = 0; i < truth.length; i += 1) sum += ((predicted[i] ?? 0) - (truth[i] ?? 0)) ** 2
    return Math.sqrt(sum / truth.length)
  },
}

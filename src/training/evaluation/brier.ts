import type { Metric } from './metric.ts'

/** Mean squared error of the probability (Brier 1950). */
export const brier: Metric = {
  name: 'brier',
  task: 'classifier',
  direction: -1,
  summary: 'mean squared error of the probability',
  compute({ truth, predicted }) {
    let sum = 0
    for (let i = 0; i < truth.length; i += 1) sum += ((predicted[i] ?? 0) - (truth[i] ?? 0)) ** 2
    return sum / truth.length
  },
}

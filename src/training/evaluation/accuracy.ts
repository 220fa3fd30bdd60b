import type { Metric } from './metric.ts'

/** Share of rows whose label equals "probability ≥ 0.5". */
export const accuracy: Metric = {
  name: 'accuracy',
  task: 'classifier',
  direction: 1,
  summary: 'share of right answers at probability 0.5',
  compute({ truth, predicted }) {
    let right = 0
    for (let i = 0; i < truth.length; i += 1) {
      if ((predicted[i] ?? 0) >= 0.5 === (truth[i] === 1)) right += 1
    }
    return right / truth.length
  },
}

import { meanOver, type Metric } from './metric.ts'

/** Share of rows whose label equals "probability ≥ 0.5". */
export const accuracy: Metric = {
  name: 'accuracy',
  task: 'classifier',
  direction: 1,
  summary: 'share of right answers at probability 0.5',
  compute: (scored) =>
    meanOver(scored, (truth, predicted) => (predicted >= 0.5 === (truth === 1) ? 1 : 0)),
}

import { eachStep, type Metric } from './metric.ts'

/**
 * Area under the ROC curve by counting pairs (Mann & Whitney 1947), ties half: the chance that a random positive is scored
 * above a random negative.
 */
export const auc: Metric = {
  name: 'auc',
  task: 'classifier',
  direction: 1,
  summary: 'chance that a positive row is scored above a negative one; 0.5 is guessing',
  compute(scored) {
    let above = 0
    let below = 0
    let pairs = 0
    eachStep(scored, ({ positives, negatives }) => {
      pairs += negatives * (above + positives / 2)
      above += positives
      below += negatives
    })
    return pairs / (above * below)
  },
}

import { eachStep, type Metric } from './metric.ts'

/**
 * Area under the precision-recall curve as average precision: Σ (R_n − R_{n−1}) P_n over the distinct scores, without
 * interpolation, which would flatter (Davis & Goadrich 2006). Guessing reaches the share of positives.
 */
export const prAuc: Metric = {
  name: 'pr_auc',
  task: 'classifier',
  direction: 1,
  summary: 'average precision over the recall; guessing reaches the share of positives',
  compute(scored) {
    let hits = 0
    let rows = 0
    let area = 0
    eachStep(scored, ({ positives, negatives }) => {
      hits += positives
      rows += positives + negatives
      area += positives * (hits / rows)
    })
    return area / hits
  },
}

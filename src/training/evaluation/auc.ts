import type { Metric } from './metric.ts'

/**
 * Area under the ROC curve by the rank sum (Mann & Whitney 1947), ties counted half: the chance that a random positive
 * is scored above a random negative.
 */
export const auc: Metric = {
  name: 'auc',
  task: 'classifier',
  direction: 1,
  summary: 'chance that a positive row is scored above a negative one; 0.5 is guessing',
  compute({ truth, predicted }) {
    const order = Uint32Array.from(truth.keys()).toSorted(
      (a, b) => (predicted[a] ?? 0) - (predicted[b] ?? 0),
    )
    let positives = 0
    let rankSum = 0
    for (let start = 0; start < order.length;) {
      let end = start
      const score = predicted[order[start] ?? 0]
      while (end < order.length && predicted[order[end] ?? 0] === score) end += 1
      const meanRank = (start + 1 + end) / 2
      for (let i = start; i < end; i += 1) {
        if (truth[order[i] ?? 0] === 1) {
          positives += 1
          rankSum += meanRank
        }
      }
      start = end
    }
    const negatives = truth.length - positives
    if (positives === 0 || negatives === 0) return Number.NaN
    return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives)
  },
}

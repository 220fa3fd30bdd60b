import { eachStep, type Metric } from './metric.ts'

const SHARE = 0.1

/**
 * How many times more positives the best scored tenth of the rows holds than a tenth taken blindly. Rows that tie at the
 * edge of the tenth count in proportion.
 */
export const lift: Metric = {
  name: 'lift_10',
  task: 'classifier',
  direction: 1,
  summary: 'positives in the best tenth, against a tenth taken blindly; 1 is guessing',
  compute(scored) {
    let rows = 0
    let positives = 0
    eachStep(scored, (step) => {
      positives += step.positives
      rows += step.positives + step.negatives
    })
    const room = rows * SHARE
    let taken = 0
    let hits = 0
    eachStep(scored, (step) => {
      const size = step.positives + step.negatives
      const part = Math.min(1, Math.max(0, (room - taken) / size))
      hits += part * step.positives
      taken += size
    })
    return hits / (positives * SHARE)
  },
}

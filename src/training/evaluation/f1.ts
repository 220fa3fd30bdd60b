import type { Metric, Scored } from './metric.ts'

/** 2 TP / (2 TP + FP + FN) at probability 0.5, `of` being the class that counts as found. */
function f1At({ truth, predicted, weights }: Scored, of: 0 | 1): number {
  let found = 0
  let wrong = 0
  for (let i = 0; i < truth.length; i += 1) {
    const weight = weights === undefined ? 1 : (weights[i] ?? 0)
    const isOf = (truth[i] === 1 ? 1 : 0) === of
    const said = ((predicted[i] ?? 0) >= 0.5 ? 1 : 0) === of
    if (isOf && said) found += weight
    else if (isOf || said) wrong += weight
  }
  return (2 * found) / (2 * found + wrong)
}

/** Harmonic mean of precision and recall of the class 1. NaN when no row has it or is said to have it. */
export const f1: Metric = {
  name: 'f1',
  task: 'classifier',
  direction: 1,
  summary: 'harmonic mean of precision and recall of the positive class, at probability 0.5',
  compute: (scored) => f1At(scored, 1),
}

/** The same of the class 0. */
export const f1Negative: Metric = {
  name: 'f1_negative',
  task: 'classifier',
  direction: 1,
  summary: 'harmonic mean of precision and recall of the negative class, at probability 0.5',
  compute: (scored) => f1At(scored, 0),
}

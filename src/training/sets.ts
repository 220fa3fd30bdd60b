/** Training sets are made of batches (design 1): which batches a training reads, by scheme. Pure functions. */
import type { Batch } from '../stream/index.ts'
import type { TrainingSet } from './model-spec.ts'

export interface SelectedSet {
  readonly scheme: TrainingSet['scheme']
  /** Counts from 1. */
  readonly part: number
  readonly of?: number
  /** Numbers of the first and last batch, both included. */
  readonly batches: readonly [first: number, last: number]
}

/** The sets of a training by hand: `parts` pieces over the batches from 1 to `newest`, sizes as equal as they can be. */
export function setsByParts(
  scheme: 'cumulative' | 'disjoint',
  newest: number,
  parts: number,
): SelectedSet[] {
  const count = Math.min(parts, newest)
  return Array.from({ length: count }, (_, index) => {
    const last = Math.round((newest * (index + 1)) / count)
    const first = scheme === 'cumulative' ? 1 : Math.round((newest * index) / count) + 1
    return { scheme, part: index + 1, of: count, batches: [first, last] as const }
  })
}

/**
 * The set of an automatic training that ends with batch `last`.
 *
 * @param previousLast last batch of the training before, 0 when there was none
 * @param part how many trainings by rule there were, this one included
 * @param batches committed batches, ascending; only `sliding` looks at their times
 */
export function newestSet(
  set: TrainingSet,
  last: number,
  previousLast: number,
  part: number,
  batches: readonly Batch[],
): SelectedSet {
  const { scheme } = set
  if (scheme === 'cumulative') return { scheme, part, batches: [1, last] }
  if (scheme === 'disjoint') return { scheme, part, batches: [previousLast + 1, last] }
  if (scheme === 'last')
    return { scheme, part, batches: [Math.max(1, last - set.batches + 1), last] }
  const end = Date.parse(batches.find((batch) => batch.number === last)?.lastTime ?? '')
  const first = batches.find((batch) => Date.parse(batch.lastTime) > end - set.lengthMs)
  return { scheme, part, batches: [Math.min(first?.number ?? last, last), last] }
}

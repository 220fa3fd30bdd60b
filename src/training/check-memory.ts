/** Refuses a training before it would run out of memory. */
import { trainingError } from './errors.ts'
import type { TrainingPlan } from './plan.ts'

/**
 * Throws TRAINING_OUT_OF_MEMORY with the need in bytes and how many rows fit. `bytesOf`: most bytes for so many rows, never
 * falling.
 */
export function refuseBeyondMemory(
  {
    spec,
    memoryBytes: limit,
  }: Pick<TrainingPlan, 'memoryBytes'> & {
    readonly spec: Pick<TrainingPlan['spec'], 'name'>
  },
  rows: number,
  bytesOf: (rows: number) => number,
  estimate: (bytes: number) => void,
): void {
  const bytes = Math.ceil(bytesOf(rows))
  estimate(bytes)
  if (bytes <= limit) return
  let [fits, most] = [0, rows]
  while (fits < most) {
    const middle = Math.ceil((fits + most) / 2)
    if (bytesOf(middle) <= limit) fits = middle
    else most = middle - 1
  }
  const fewer = fits > 0 ? ` or train on fewer batches: ${fits} rows fit` : ''
  throw trainingError(
    'TRAINING_OUT_OF_MEMORY',
    `training ${spec.name} on ${rows} rows needs about ${bytes} bytes, the limit is ${limit}: raise trainingMemoryBytes to ${bytes}${fewer}`,
    { details: { needs: bytes, limit, rowsThatFit: fits } },
  )
}

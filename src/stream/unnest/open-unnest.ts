/** Opens a stream that makes rows of lists. */
import type { DerivedStream } from '../derived/derived-stream.ts'
import { openDerivedStream, type DerivedStreamOptions } from '../derived/open-derived-stream.ts'
import { createUnnestOperator, type UnnestDue } from './unnest-operator.ts'
import type { UnnestSpec } from './unnest-shape.ts'

export interface UnnestOptions extends Omit<DerivedStreamOptions<UnnestDue>, 'operator'> {
  readonly spec: UnnestSpec
}

/** Both topics are there; rows go into partition 0 of `to`. Throws STREAM_INVALID_UNNEST too. */
export function openUnnest(options: UnnestOptions): Promise<DerivedStream> {
  const operator = createUnnestOperator(options.spec, options)
  return openDerivedStream({ ...options, operator })
}

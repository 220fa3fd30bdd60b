/** How several events about one pair of user and item become one value: their sum, the last one, or the largest. */
export type Combine = 'sum' | 'last' | 'max'

/** The value after one more event. Events come in order, so the last one is the newest. */
export const combined = (combine: Combine, before: number, value: number): number =>
  combine === 'sum' ? before + value : combine === 'max' ? Math.max(before, value) : value

/** The aggregates of a window as mergeable parts: one part a partition, merged when the window closes. */
import type { AggregateSpec } from './window.ts'

/** What one column of a group has seen in one partition. */
export interface Part {
  rows: number
  values: number
  sum: number
  min: number
  max: number
}

export const emptyPart = (): Part => ({
  rows: 0,
  values: 0,
  sum: 0,
  min: Number.POSITIVE_INFINITY,
  max: Number.NEGATIVE_INFINITY,
})

/** Null is a field that is not there: a row, but no value. */
export function addValue(part: Part, value: number | null): void {
  part.rows += 1
  if (value === null) return
  part.values += 1
  part.sum += value
  part.min = Math.min(part.min, value)
  part.max = Math.max(part.max, value)
}

export function mergePart(into: Part, from: Part): void {
  into.rows += from.rows
  into.values += from.values
  into.sum += from.sum
  into.min = Math.min(into.min, from.min)
  into.max = Math.max(into.max, from.max)
}

/**
 * The number that a result holds; null when there is none: a mean or extreme of nothing, or a sum that is not exact
 * (a whole number beyond 2^53 − 1) or not finite. A count or sum of nothing is 0.
 */
export function resultOf(spec: AggregateSpec, part: Part, isWhole: boolean): number | null {
  const { kind } = spec
  if (kind === 'count') return part.rows
  if (kind === 'sum') return isWhole && !Number.isSafeInteger(part.sum) ? null : finite(part.sum)
  if (part.values === 0) return null
  if (kind === 'avg') return finite(part.sum / part.values)
  return kind === 'min' ? part.min : part.max
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null)

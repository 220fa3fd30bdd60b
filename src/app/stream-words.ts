/**
 * The words for derived streams. Each returns plain data, which an engine may translate; nothing is computed here.
 *
 * @module
 */
import type { AggregateSpec, ValueOf } from '../stream/index.ts'
import type { UnnestDefinition, WindowDefinition } from './define-streams.ts'

/** `Definition` with no field beyond those of `Allowed`, as in `authoring.ts`. */
type Only<Definition, Allowed> = Definition &
  Readonly<Record<Exclude<keyof Definition, keyof Allowed>, never>>

/** An aggregation over windows of event time: `window({ from: 'clicks', every: '10s', aggregates: { clicks: count() } })`. */
export function window<const Definition extends Omit<WindowDefinition, 'kind'>>(
  definition: Only<Definition, WindowDefinition>,
): Definition & { readonly kind: 'window' } {
  return { ...definition, kind: 'window' }
}

/** One row for each entry of a list: `unnest({ from: 'matrices', each: 'rows', take: ['score'] })`. */
export function unnest<const Definition extends Omit<UnnestDefinition, 'kind'>>(
  definition: Only<Definition, UnnestDefinition>,
): Definition & { readonly kind: 'unnest' } {
  return { ...definition, kind: 'unnest' }
}

/** The number of words of a text: runs of what is not white space. */
export const words = (field: string): ValueOf => ({ field, as: 'words' })

const valueOf = (of: string | ValueOf): ValueOf => (typeof of === 'string' ? { field: of } : of)

/** Number of events. */
export const count = (): AggregateSpec => ({ kind: 'count' })
/** 0 of nothing; null when it is no exact number. */
export const sum = (of: string | ValueOf): AggregateSpec => ({ kind: 'sum', of: valueOf(of) })
/** Null of nothing. */
export const min = (of: string | ValueOf): AggregateSpec => ({ kind: 'min', of: valueOf(of) })
/** Null of nothing. */
export const max = (of: string | ValueOf): AggregateSpec => ({ kind: 'max', of: valueOf(of) })
/** The mean; null of nothing. */
export const avg = (of: string | ValueOf): AggregateSpec => ({ kind: 'avg', of: valueOf(of) })

/**
 * How far the time of a stream has come, for views that look back and labels that look ahead. One phone with a wrong clock
 * must not say that a month has passed: then everybody would seem to have been silent, and every outcome to be known.
 *
 * A time is reached when enough entities have an event at or after it: one in a thousand, three at the least. Of fewer than
 * twenty entities each one counts.
 */
import { sqlName } from '../core/index.ts'
import type { SqlEngine } from '../sql/index.ts'
import type { FeatureTable } from './feature-view.ts'
import { eventMs, eventTimeColumn } from './view-source.ts'
import { numberOf } from './view-sql.ts'

const FEW_ENTITIES = 20
const WITNESSES = 3
const SHARE = 0.001
/** An event may be so far ahead of the others and still be taken for true: an event acts at once, also when it is alone. */
const AHEAD_MS = 86_400_000

export interface ReachedTime {
  readonly firstMs: number
  /** Milliseconds since the epoch: what enough entities have come to. */
  readonly reachedMs: number
  /** Of the newest event that is not implausibly far ahead of `reachedMs`. */
  readonly newestMs: number
  /** The same as the event-time column has it. */
  readonly newest: number
  /** False of so few entities that each one counts. */
  readonly isWitnessed: boolean
}

/** @param source SELECT of the table's columns. Undefined without events. */
export async function reachedTime(
  engine: SqlEngine,
  table: FeatureTable,
  entity: string,
  source: string,
): Promise<ReachedTime | undefined> {
  const ms = eventMs(table)
  const witnesses = `greatest(${WITNESSES}, ceil(${SHARE} * count(*)))::bigint`
  const result = await engine.queryColumns(`
    with events as (select CAST(${sqlName(entity)} AS VARCHAR) as e, ${ms} as ms,
        ${numberOf(eventTimeColumn(table))} as raw from (${source}) where ${ms} is not null),
      lasts as (select max(ms) as t from events group by e),
      reached as (select case when count(*) < ${FEW_ENTITIES} then max(t)
        else list_sort(list(t), 'DESC')[${witnesses}] end as r, CAST(count(*) AS DOUBLE) as n from lasts)
    select min(ms) as first, any_value(r) as reached, max(ms) as newest, max(raw) as raw, any_value(n) as n
    from events, reached where ms <= r + ${AHEAD_MS}`)
  const at = (name: string): number => result.numbers(name)[0] ?? Number.NaN
  const reachedMs = at('reached')
  if (!Number.isFinite(reachedMs)) return undefined
  return {
    firstMs: at('first'),
    reachedMs,
    newestMs: at('newest'),
    newest: at('raw'),
    isWitnessed: at('n') >= FEW_ENTITIES,
  }
}

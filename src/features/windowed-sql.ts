/**
 * A windowed view as SQL, the same for training and serving: the events of each cut-off's window, aggregated by entity.
 *
 * ```
 *  cut-offs   ──────T1───────T2─────►   every event belongs to each cut-off whose window holds it
 *  window      [w0..T1)
 *                       [w1....T2)
 * ```
 */
import { sqlName } from '../core/index.ts'
import type { CompiledView } from './view-compiler.ts'
import { CUTOFF, eventMs } from './view-source.ts'
import {
  aggregateColumns,
  entityColumnOf,
  finalColumns,
  inputColumns,
  seenSql,
} from './view-sql.ts'

/**
 * A SELECT of `e` (entity), `cutoff` and the features `v0`, `v1`, … of every entity that has events in a window.
 *
 * @param source SELECT of the table's columns
 * @param cutoffs whole milliseconds since the epoch
 */
export function windowedSql(
  compiled: CompiledView,
  source: string,
  cutoffs: readonly number[],
): string {
  const { table, view, until } = compiled
  const entity = entityColumnOf(compiled)
  const windowMs = view.windowMs ?? 0
  const list = cutoffs.map((cutoff) => `(${Math.floor(cutoff)}::bigint)`).join(', ')
  const inputs = [
    ...inputColumns(table, [compiled]),
    `${until ?? 'false'} as "__left"`,
    sqlName(CUTOFF),
  ]
  const aggregates = [
    entity,
    sqlName(CUTOFF),
    `${seenSql(compiled, 'true', '')} as "__seen"`,
    `bool_or("__left") as "__gone"`,
    ...aggregateColumns(compiled, 'true', ''),
  ]
  const finals = finalColumns(compiled).map((sql, index) => `${sql} as v${index}`)
  return `with cuts(${sqlName(CUTOFF)}) as (values ${list}),
    observed as (select s.*, ${sqlName(CUTOFF)}
      from (select *, ${eventMs(table)} as "__ms" from (${source})) s
      join cuts on s."__ms" >= ${sqlName(CUTOFF)} - ${windowMs} and s."__ms" < ${sqlName(CUTOFF)}),
    inputs as (select ${inputs.join(',\n')} from observed),
    aggregated as (select ${aggregates.join(',\n')} from inputs group by ${entity}, ${sqlName(CUTOFF)})
    select ${[`${entity} as e`, `CAST(${sqlName(CUTOFF)} AS DOUBLE) as cutoff`, ...finals].join(',\n')}
    from aggregated where ${entity} is not null and "__seen" > 0 and not "__gone"`
}

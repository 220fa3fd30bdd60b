/** What windowed views said at cut-offs, and what came after, as one SELECT: for training and for whoever asks about the past. */
import { sqlName } from '../core/index.ts'
import type { CutoffLabel } from './feature-view.ts'
import type { CompiledView } from './view-compiler.ts'
import { CUTOFF, eventMs } from './view-source.ts'
import { windowedSql } from './windowed-sql.ts'

/**
 * `e` (entity), `cutoff`, the features of all views as `f0`, `f1`, …, and with a label `y`, 0 or 1. One row per entity and
 * cut-off of the first view, sorted by cut-off and entity; the other views are joined to it.
 *
 * @param source SELECT of the table's columns
 * @param cutoffs milliseconds since the epoch
 */
export function cutoffSql(
  views: readonly CompiledView[],
  source: string,
  cutoffs: readonly number[],
  label?: CutoffLabel,
): string {
  const layers = views.map((view, index) => `w${index} as (${windowedSql(view, source, cutoffs)})`)
  let next = 0
  const columns = views.flatMap((view, index) =>
    view.finals.map((_, at) => `w${index}.v${at} as f${next++}`),
  )
  const joins = views
    .slice(1)
    .map((_, index) => `left join w${index + 1} using (e, cutoff)`)
    .join('\n')
  const [first] = views
  const outcomes = first && label && labelLayer(first, source, cutoffs, label)
  return `with ${[...layers, ...(outcomes ? [outcomes] : [])].join(',\n')}
    select ${['e', 'cutoff', ...columns, ...(outcomes ? ['coalesce(y, 0.0) as y'] : [])].join(', ')}
    from w0 ${joins} ${outcomes ? 'left join outcomes using (e, cutoff)' : ''}
    order by cutoff, e`
}

function labelLayer(
  { table, view: { entity } }: CompiledView,
  source: string,
  cutoffs: readonly number[],
  label: CutoffLabel,
): string {
  const list = cutoffs.map((cutoff) => `(${Math.floor(cutoff)}::bigint)`).join(', ')
  return `outcomes as (
    with cuts(${sqlName(CUTOFF)}) as (values ${list})
    select CAST(${sqlName(entity)} AS VARCHAR) as e, CAST(${sqlName(CUTOFF)} AS DOUBLE) as cutoff, 1.0 as y
    from (select *, ${eventMs(table)} as "__ms" from (${source})) s
    join cuts on s."__ms" >= ${sqlName(CUTOFF)} and s."__ms" < ${sqlName(CUTOFF)} + ${label.withinMs}
    where TRY(CAST((${label.sql}) AS BOOLEAN))
    group by 1, 2)`
}

/** Training data of windowed views: what each entity looked like at a cut-off, and what it did after it. */
import { quote, sqlName } from '../core/index.ts'
import type { SqlEngine } from '../sql/index.ts'
import { featureError } from './errors.ts'
import type { CutoffFrame, CutoffRequest, FrameBuilder, TimeSpan } from './feature-view.ts'
import { reachedTime } from './reached-time.ts'
import { rowMajor } from './row-major.ts'
import { compileFeatureView, type CompiledView } from './view-compiler.ts'
import { CUTOFF, eventMs } from './view-source.ts'
import { parquetSource } from './view-sql.ts'
import { windowedSql } from './windowed-sql.ts'

export const readSpan: FrameBuilder['span'] = async (engine, request) => {
  const [view] = await compileAll(engine, { ...request, views: request.views.slice(0, 1) })
  if (!view) return undefined
  const reached = await reachedTime(engine, request.table, view.view.entity, historySource(request))
  const span: TimeSpan | undefined = reached && {
    firstMs: reached.firstMs,
    lastMs: reached.reachedMs,
  }
  return span
}

export const buildCutoffs: FrameBuilder['cutoffs'] = async (engine, request) => {
  const views = await compileAll(engine, request)
  const names = views.flatMap(({ view }) => view.features)
  if (request.cutoffs.length === 0) return emptyFrame(names, request)
  const result = await engine.queryColumns(frameSql(request, views))
  return {
    rows: result.length,
    keys: result.texts('e').map((key) => key ?? ''),
    cutoff: result.numbers('cutoff'),
    names,
    values: rowMajor(
      names.map((_, index) => result.numbers(`f${index}`)),
      result.length,
    ),
    label: request.label && Float64Array.from(result.numbers('y')),
  }
}

const emptyFrame = (names: readonly string[], { label }: CutoffRequest): CutoffFrame => ({
  rows: 0,
  keys: [],
  cutoff: new Float64Array(0),
  names,
  values: new Float64Array(0),
  label: label && new Float64Array(0),
})

async function compileAll(
  engine: SqlEngine,
  request: Pick<CutoffRequest, 'table' | 'views'>,
): Promise<CompiledView[]> {
  const compiled: CompiledView[] = []
  for (const spec of request.views) {
    if (spec.windowMs === undefined) {
      throw featureError(
        'FEATURE_INVALID_VIEW',
        `the feature view ${quote(spec.name)} has no window: what it saw at a cut-off is not bounded`,
        { details: { view: spec.name } },
      )
    }
    compiled.push(await compileFeatureView(engine, spec, request.table))
  }
  return compiled
}

const historySource = ({
  table,
  files,
  history,
}: Pick<CutoffRequest, 'table' | 'files' | 'history'>): string =>
  `select * from (${parquetSource(table, files)}) where ${history ?? 'true'}`

/** One row per entity and cut-off of the first view; the others are joined to it. */
function frameSql(request: CutoffRequest, views: readonly CompiledView[]): string {
  const layers = views.map(
    (view, index) => `w${index} as (${windowedSql(view, historySource(request), request.cutoffs)})`,
  )
  let next = 0
  const columns = views.flatMap((view, index) =>
    view.finals.map((_, at) => `w${index}.v${at} as f${next++}`),
  )
  const joins = views
    .slice(1)
    .map((_, index) => `left join w${index + 1} using (e, cutoff)`)
    .join('\n')
  const label = labelLayer(request, views)
  return `with ${[...layers, ...(label ? [label] : [])].join(',\n')}
    select ${['e', 'cutoff', ...columns, ...(label ? ['coalesce(y, 0.0) as y'] : [])].join(', ')}
    from w0 ${joins} ${label ? 'left join outcomes using (e, cutoff)' : ''}
    order by cutoff, e`
}

function labelLayer(request: CutoffRequest, views: readonly CompiledView[]): string | undefined {
  const { label, cutoffs, table } = request
  const entity = views[0]?.view.entity
  if (!label || entity === undefined) return undefined
  const list = cutoffs.map((cutoff) => `(${Math.floor(cutoff)}::bigint)`).join(', ')
  return `outcomes as (
    with cuts(${sqlName(CUTOFF)}) as (values ${list})
    select CAST(${sqlName(entity)} AS VARCHAR) as e, CAST(${sqlName(CUTOFF)} AS DOUBLE) as cutoff, 1.0 as y
    from (select *, ${eventMs(table)} as "__ms" from (${historySource(request)})) s
    join cuts on s."__ms" >= ${sqlName(CUTOFF)} and s."__ms" < ${sqlName(CUTOFF)} + ${label.withinMs}
    where TRY(CAST((${label.sql}) AS BOOLEAN))
    group by 1, 2)`
}

/** Training data of windowed views: what each entity looked like at a cut-off, and what it did after it. */
import { quote } from '../core/index.ts'
import type { SqlEngine } from '../sql/index.ts'
import { cutoffSql } from './cutoff-sql.ts'
import { featureError } from './errors.ts'
import type { CutoffFrame, CutoffRequest, FrameBuilder, TimeSpan } from './feature-view.ts'
import { reachedTime } from './reached-time.ts'
import { rowMajor } from './row-major.ts'
import { compileFeatureView, type CompiledView } from './view-compiler.ts'
import { parquetSource } from './view-sql.ts'

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
  const result = await engine.queryColumns(
    cutoffSql(views, historySource(request), request.cutoffs, request.label),
  )
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

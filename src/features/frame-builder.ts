/**
 * Training data by windows: every view is computed for every row in one pass per entity column, without a join.
 *
 * The frame of rows that a row sees, in event order, is the whole difference between the three ways of asking:
 * ```
 *  row      rows between unbounded preceding and 1 preceding
 *  others   rows between unbounded preceding and unbounded following exclude current row
 *  end      one group per entity
 * ```
 * The history is a FILTER, not a WHERE: rows outside it are asked for, but never seen.
 */
import { type Column, quote, sqlName } from '../core/index.ts'
import type { SqlEngine } from '../sql/index.ts'
import { featureError } from './errors.ts'
import type {
  AsOf,
  EntityFrame,
  FeatureTable,
  Frame,
  FrameBuilder,
  FrameRequest,
} from './feature-view.ts'
import { buildCutoffs, readSpan } from './cutoff-frame.ts'
import { rowMajor } from './row-major.ts'
import { compileFeatureView, type CompiledView } from './view-compiler.ts'
import { eventTimeColumn, sourceColumns } from './view-source.ts'
import {
  aggregateColumns,
  entityColumnOf,
  finalColumns,
  inputColumns,
  numberOf,
  parquetSource,
  seenSql,
} from './view-sql.ts'

const WINDOWS: Readonly<Record<Exclude<AsOf, 'end'>, string>> = {
  row: 'rows between unbounded preceding and 1 preceding',
  others: 'rows between unbounded preceding and unbounded following exclude current row',
}

export function createFrameBuilder(): FrameBuilder {
  return { frame: buildFrame, entities: buildEntities, span: readSpan, cutoffs: buildCutoffs }
}

async function buildFrame(engine: SqlEngine, request: FrameRequest): Promise<Frame> {
  const views = await compileAll(engine, request)
  const names = featureNames(request, views)
  const { columns = [], categories = [] } = request
  const result = await engine.queryColumns(frameSql(request, views))
  const numbers = names.map((_, index) => {
    const own = index - (names.length - columns.length)
    return result.numbers(own < 0 ? `v${index}` : `x${own}`)
  })
  return {
    rows: result.length,
    names,
    values: rowMajor(numbers, result.length),
    label: request.label === undefined ? undefined : rowMajor([result.numbers('y')], result.length),
    ...(request.weight !== undefined && { weight: rowMajor([result.numbers('w')], result.length) }),
    categories: Object.fromEntries(
      categories.map((name, index) => [name, result.texts(`c${index}`)]),
    ),
    partition: Int32Array.from(result.numbers('p')),
    offset: result.numbers('o'),
    eventTime: result.numbers('t'),
  }
}

async function compileAll(
  engine: SqlEngine,
  { views, table }: Pick<FrameRequest, 'views' | 'table'>,
): Promise<CompiledView[]> {
  const compiled: CompiledView[] = []
  for (const spec of views) compiled.push(await compileFeatureView(engine, spec, table))
  return compiled
}

function featureNames(request: FrameRequest, views: readonly CompiledView[]): string[] {
  const names = [...views.flatMap(({ view }) => view.features), ...(request.columns ?? [])]
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) {
    throw featureError(
      'FEATURE_INVALID_VIEW',
      `the feature name ${quote(twice)} is used twice: rename it in one of the views`,
      { details: { feature: twice } },
    )
  }
  return names
}

function frameSql(request: FrameRequest, views: readonly CompiledView[]): string {
  const { table, label, weight, columns = [], categories = [] } = request
  const time = findColumn(table, eventTimeColumn(table).name)
  const own = [
    ...columns.map((name, index) => ({ as: `x${index}`, sql: numberOf(findColumn(table, name)) })),
    ...categories.map((name, index) => ({
      as: `c${index}`,
      sql: `CAST(${sqlName(findColumn(table, name).name)} AS VARCHAR)`,
    })),
    ...(label === undefined ? [] : [{ as: 'y', sql: `TRY(CAST((${label}) AS DOUBLE))` }]),
    ...(weight === undefined ? [] : [{ as: 'w', sql: numberOf(findColumn(table, weight)) }]),
    { as: 'p', sql: '"_partition"' },
    { as: 'o', sql: '"_offset"' },
    { as: 't', sql: numberOf(time) },
  ]
  const finals = views.flatMap((compiled) =>
    finalColumns(compiled).map((sql) => `case when ${seenColumn(compiled)} > 0 then ${sql} end`),
  )
  const outputs = [
    ...finals.map((sql, index) => `${sql} as v${index}`),
    ...own.map(({ as }) => `"__own.${as}" as ${as}`),
  ]
  const ownInputs = own.map(({ as, sql }) => `${sql} as "__own.${as}"`)
  return `with ${inputLayers(request, views, ownInputs)},
    ${request.asOf === 'end' ? groupLayers(views) : windowLayer(views, WINDOWS[request.asOf])}
    select ${outputs.join(',\n')} from aggregated where "__r" order by "__t", "__p", "__o"`
}

/** Rows with everything that is computed per row; `__h` is in the history, `__r` is asked for. */
function inputLayers(
  request: Omit<FrameRequest, 'asOf' | 'label'>,
  views: readonly CompiledView[],
  more: readonly string[] = [],
): string {
  const columns = [
    ...inputColumns(request.table, views),
    `coalesce((${request.history ?? 'true'}), false) as "__h"`,
    `coalesce((${request.rows ?? 'true'}), false) as "__r"`,
    ...more,
  ]
  return `source as (${parquetSource(request.table, request.files)}),
    inputs as (select ${columns.join(',\n')} from source)`
}

const seenColumn = ({ view }: CompiledView): string => sqlName(`${view.name}.seen`)

const windowOf = ({ view }: CompiledView): string => sqlName(`${view.name}.window`)

function windowLayer(views: readonly CompiledView[], frame: string): string {
  const columns = views.flatMap((compiled) => {
    const over = ` over ${windowOf(compiled)}`
    const seen = `case when ${entityColumnOf(compiled)} is not null then ${seenSql(compiled, '"__h"', over)} end`
    return [`${seen} as ${seenColumn(compiled)}`, ...aggregateColumns(compiled, '"__h"', over)]
  })
  const windows = views.map(
    (compiled) =>
      `${windowOf(compiled)} as (partition by ${entityColumnOf(compiled)} order by "__t", "__p", "__o" ${frame})`,
  )
  return `aggregated as (select ${['*', ...columns].join(',\n')} from inputs
    ${windows.length > 0 ? `window ${windows.join(',\n')}` : ''})`
}

const groupName = ({ view }: CompiledView): string => sqlName(`${view.name}.groups`)

/** One group per entity of the view, over the history. */
function groupLayer(compiled: CompiledView): string {
  const columns = [
    entityColumnOf(compiled),
    `${seenSql(compiled, '"__h"', '')} as ${seenColumn(compiled)}`,
    ...aggregateColumns(compiled, '"__h"', ''),
  ]
  return `${groupName(compiled)} as (select ${columns.join(',\n')} from inputs group by ${entityColumnOf(compiled)})`
}

function groupLayers(views: readonly CompiledView[]): string {
  const joins = views.map(
    (compiled) => `left join ${groupName(compiled)} using (${entityColumnOf(compiled)})`,
  )
  return [...views.map(groupLayer), `aggregated as (select * from inputs ${joins.join(' ')})`].join(
    ',\n',
  )
}

async function buildEntities(
  engine: SqlEngine,
  request: Omit<FrameRequest, 'asOf' | 'label'>,
  view: string,
): Promise<EntityFrame> {
  const spec = request.views.find(({ name }) => name === view)
  if (!spec) {
    throw featureError(
      'FEATURE_UNKNOWN_VIEW',
      `there is no feature view ${quote(view)}: the request has ${request.views.map(({ name }) => name).join(', ')}`,
      { details: { view } },
    )
  }
  const compiled = await compileFeatureView(engine, spec, request.table)
  const entity = entityColumnOf(compiled)
  const outputs = finalColumns(compiled).map((sql, index) => `${sql} as v${index}`)
  const result = await engine.queryColumns(`with ${inputLayers(request, [compiled])},
    ${groupLayer(compiled)}
    select ${[`${entity} as e`, ...outputs].join(',\n')} from ${groupName(compiled)}
    where ${entity} is not null and ${seenColumn(compiled)} > 0
      and ${entity} in (select ${entity} from inputs where "__r")
    order by e`)
  const { features } = compiled.view
  return {
    rows: result.length,
    keys: result.texts('e').map((key) => key ?? ''),
    names: features,
    values: rowMajor(
      features.map((_, index) => result.numbers(`v${index}`)),
      result.length,
    ),
  }
}

function findColumn(table: FeatureTable, name: string): Column {
  const column = sourceColumns(table).find((candidate) => candidate.name === name)
  if (column) return column
  throw featureError(
    'FEATURE_INVALID_VIEW',
    `table ${quote(table.name)} has no column ${quote(name)}: it has ${table.columns.map((known) => known.name).join(', ')}`,
    { details: { table: table.name, column: name } },
  )
}

/**
 * The SQL that training and serving have in common: rows with everything that is computed per row, and the aggregates
 * over them. Layers, as common table expressions:
 *
 * ```
 *  source   the Parquet files (or the log's tail), typed as the table declares
 *  inputs   per row: __t, __p, __o (event order), and per view "<view>.e" entity, "<view>.w" where, "<view>.x<i>"
 *  …        aggregates "<view>.a<i>", by window, group or merged partials
 * ```
 */
import { aggregateKinds, type AggregateInput, type CellType } from './aggregate-kinds.ts'
import { type Column, quote, sqlName, sqlText } from '../core/index.ts'
import { featureError } from './errors.ts'
import type { FeatureTable } from './feature-view.ts'
import type { CompiledAggregate, CompiledView } from './view-compiler.ts'
import { aggregateColumn, eventOrder, rowColumn, sourceColumns, sqlTypeOf } from './view-source.ts'
import { decode } from './view-types.ts'

export const entityColumnOf = ({ view }: CompiledView): string => sqlName(`${view.name}.e`)
export const whereColumnOf = ({ view }: CompiledView): string => sqlName(`${view.name}.w`)

/** A SELECT of the table's columns from Parquet files. Files of an older schema lack columns: those are NULL. */
export function parquetSource(table: FeatureTable, files: readonly string[]): string {
  const columns = sourceColumns(table)
  const typed = columns
    .map((column) => `null::${sqlTypeOf(column)} as ${sqlName(column.name)}`)
    .join(', ')
  const empty = `select ${typed} where false`
  if (files.length === 0) return empty
  const names = columns.map(({ name }) => sqlName(name)).join(', ')
  const list = files.map(sqlText).join(', ')
  return `select ${names} from (${empty} union all by name
    select * from read_parquet([${list}], union_by_name = true, hive_partitioning = false))`
}

/** A column as a number, milliseconds for timestamps. Throws FEATURE_INVALID_VIEW for texts. */
export function numberOf(column: Column): string {
  if (column.type === 'text' || column.type === 'json') {
    throw featureError(
      'FEATURE_INVALID_VIEW',
      `column ${quote(column.name)} is ${column.type} and not a number: take it as a category`,
      { details: { column: column.name } },
    )
  }
  const sql = sqlName(column.name)
  return column.type === 'timestamp' ? `epoch_us(${sql}) / 1000.0` : `CAST(${sql} AS DOUBLE)`
}

/** Columns of the layer `inputs` that belong to event order and views. */
export function inputColumns(table: FeatureTable, views: readonly CompiledView[]): string[] {
  return [
    `${eventOrder(table)} as "__t"`,
    `CAST("_partition" AS DOUBLE) as "__p"`,
    `CAST("_offset" AS DOUBLE) as "__o"`,
    ...views.flatMap((compiled) => [
      `CAST(${sqlName(compiled.view.entity)} AS VARCHAR) as ${entityColumnOf(compiled)}`,
      `${compiled.where} as ${whereColumnOf(compiled)}`,
      ...compiled.rows.map(
        ({ sql }, index) => `${sql} as ${sqlName(rowColumn(compiled.view.name, index))}`,
      ),
    ]),
  ]
}

/** Condition for rows that are events of the view; `visible` narrows it further. */
const eventCondition = (compiled: CompiledView, visible: string): string =>
  `${visible} and ${whereColumnOf(compiled)}`

/** How many events of the entity were aggregated: with none, an entity has no features. */
export const seenSql = (compiled: CompiledView, visible: string, over: string): string =>
  `count(*) filter (where ${eventCondition(compiled, visible)})${over}`

function inputOf(
  compiled: CompiledView,
  aggregate: CompiledAggregate,
  visible: string,
): AggregateInput {
  const column = (index: number): string => sqlName(rowColumn(compiled.view.name, index))
  const usable = (index: number): string => {
    if (compiled.rows[index]?.cell === 'text') return `${column(index)} is not null`
    return isArithmetic(aggregate)
      ? `abs(${column(index)}) < 1e150`
      : `coalesce(isfinite(${column(index)}), false)`
  }
  const { value, by } = aggregate
  const filter = [
    eventCondition(compiled, visible),
    ...aggregate.filters.map(column),
    ...[value, by].filter((index) => index !== undefined).map(usable),
  ].join(' and ')
  return {
    value: value === undefined ? '' : column(value),
    by: by === undefined ? '0.0::double' : column(by),
    filter,
  }
}

/** Kinds that add or square: a sum of squares below 1e150² still has a double. */
const isArithmetic = ({ kind }: CompiledAggregate): boolean =>
  ['sum', 'avg', 'stddev_samp', 'stddev_pop', 'var_samp', 'var_pop'].includes(kind)

/** `"<view>.a<i>"` for every aggregate, in its SQL type. */
export const aggregateColumns = (compiled: CompiledView, visible: string, over: string): string[] =>
  compiled.aggregates.map((aggregate, index) => {
    const sql = aggregateKinds[aggregate.kind].sql(inputOf(compiled, aggregate, visible), over)
    const travelled = isText(compiled, aggregate) ? sql : `CAST(${sql} AS DOUBLE)`
    return `${decode(travelled, aggregate.type)} as ${sqlName(aggregateColumn(compiled.view.name, index))}`
  })

/** Final expressions as numbers, one per feature, in order; one that fails is NULL. */
export const finalColumns = (compiled: CompiledView): string[] =>
  compiled.finals.map((sql) => `TRY(CAST((${sql}) AS DOUBLE))`)

const isText = (compiled: CompiledView, { value, kind }: CompiledAggregate): boolean =>
  kind !== 'count' && value !== undefined && compiled.rows[value]?.cell === 'text'

/** Type in which the value of an aggregate travels. */
export const cellTypeOf = (compiled: CompiledView, aggregate: CompiledAggregate): CellType =>
  isText(compiled, aggregate) ? 'text' : 'number'

export interface PartColumn {
  readonly sql: string
  readonly cell: CellType
}

/** Mergeable parts of every aggregate, in the order of the aggregates. */
export function partColumns(compiled: CompiledView): PartColumn[][] {
  const cellOf = (index: number | undefined): CellType =>
    index !== undefined && compiled.rows[index]?.cell === 'text' ? 'text' : 'number'
  return compiled.aggregates.map((aggregate) => {
    const kind = aggregateKinds[aggregate.kind]
    const types = kind.partTypes(cellOf(aggregate.value), cellOf(aggregate.by))
    return kind.parts(inputOf(compiled, aggregate, 'true')).map((sql, index) => {
      const cell = types[index] ?? 'number'
      return { sql: cell === 'text' ? sql : `CAST(${sql} AS DOUBLE)`, cell }
    })
  })
}

/**
 * From a view's SQL to the pieces that training and serving share, so that they cannot drift apart:
 *
 * ```
 *  rows ──(row expressions x0, x1, …)──► aggregates a0, a1, … ──(final expressions)──► features
 *         SQL text, same on both sides   window │ group by │ merged partials   SQL text, same on both sides
 * ```
 * Only the middle differs: training runs the aggregates as windows or groups over Parquet files, serving merges partials.
 *
 * Every number travels as DOUBLE on both sides. Expressions run under `TRY`: one that fails on a row (a cast, a root of a
 * negative number) is NULL for that row, so no event can stop a view. So is a number that is not finite; sums, means and
 * variances also leave out what is 1e150 or more, because its square has no double.
 */
import { checkName, quote } from '../core/index.ts'
import type { SqlEngine } from '../sql/index.ts'
import type { CellType } from './aggregate-kinds.ts'
import type { FeatureTable, FeatureView, FeatureViewSpec } from './feature-view.ts'
import { checkClauses, checkExpressions, entityOf, isAggregate } from './view-check.ts'
import { invalid, parseView, printExpressions } from './view-parser.ts'
import { ViewParts, type AggregateDraft } from './view-parts.ts'
import {
  aggregateColumn,
  eventTimeColumn,
  sourceColumns,
  sourceNulls,
  typedNulls,
  withCutoff,
} from './view-source.ts'
import {
  columnPath,
  columnRef,
  mapChildren,
  walk,
  type SelectNode,
  type SqlExpression,
} from './view-tree.ts'
import { bindTypes, checkFeatureType, encode } from './view-types.ts'

export interface CompiledAggregate extends AggregateDraft {
  /** SQL type of the value in the final expressions. */
  readonly type: string
}

export interface RowExpression {
  /** SQL over the table's columns. */
  readonly sql: string
  readonly cell: CellType | 'condition'
}

export interface CompiledView {
  readonly view: FeatureView
  readonly table: FeatureTable
  /** SQL condition over the table's columns: which rows are events of the view. */
  readonly where: string
  readonly rows: readonly RowExpression[]
  readonly aggregates: readonly CompiledAggregate[]
  /** One SQL expression per feature, over the columns `"<view>.a<i>"`. */
  readonly finals: readonly string[]
  /** Columns of the table, and of the record, that the view cannot do without. */
  readonly columns: readonly string[]
  /** Windowed views: SQL condition for the event by which an entity leaves. */
  readonly until: string | undefined
}

/** Throws FEATURE_INVALID_VIEW or FEATURE_NOT_INCREMENTAL, which name the view and the part that is refused. */
export async function compileFeatureView(
  engine: SqlEngine,
  spec: FeatureViewSpec,
  given: FeatureTable,
): Promise<CompiledView> {
  checkName(spec.name, 'feature view name')
  eventTimeColumn(given)
  const table = spec.windowMs === undefined ? given : withCutoff(given)
  const parsed = await parseView(engine, spec)
  checkClauses(spec, parsed, table)
  await checkExpressions(engine, spec, parsed)
  const select = resolveColumns(spec, parsed, table)
  const entity = entityColumn(spec, entityOf(spec, select), table)
  const items = featureItems(spec, select)
  const parts = new ViewParts(spec)
  const finals = items.map((item) => parts.takeAggregates(item))
  const trees = [
    ...parts.rows.map(({ tree }) => tree),
    ...(select.where_clause ? [select.where_clause] : []),
  ]
  checkColumns(spec, table, trees)
  const sql = await printParts(engine, parts, finals, select.where_clause)
  const nulls = sourceNulls(table)
  const [, ...rowTypes] = await bindTypes(engine, spec, [sql.where, ...sql.rows], nulls)
  const types = await bindTypes(engine, spec, sql.aggregates, nulls)
  const aggregates = parts.aggregates.map((draft, index) => ({
    ...draft,
    type: types[index] ?? '',
  }))
  await bindFinals(engine, spec, items, aggregates, sql.finals)
  return {
    view: {
      name: spec.name,
      ...(spec.windowMs !== undefined && { windowMs: spec.windowMs }),
      table: table.name,
      entity,
      features: items.map(({ alias }) => alias),
    },
    table,
    where: condition(sql.where),
    rows: sql.rows.map((text, index) =>
      parts.rows[index]?.isCondition
        ? { sql: condition(text), cell: 'condition' }
        : encode(spec, text, rowTypes[index] ?? ''),
    ),
    aggregates,
    finals: sql.finals,
    columns: neededColumns(spec, given, entity, trees),
    until: spec.until === undefined ? undefined : condition(spec.until),
  }
}

function neededColumns(
  spec: FeatureViewSpec,
  table: FeatureTable,
  entity: string,
  trees: readonly SqlExpression[],
): string[] {
  const used = new Set([entity, eventTimeColumn(table).name, '_partition', '_offset'])
  for (const node of trees.flatMap((tree) => [...walk(tree)])) {
    if (node.class === 'COLUMN_REF') used.add(columnPath(node)[0] ?? '')
  }
  // The condition is never taken apart; a name that it holds by chance costs a column and nothing else.
  const words = new Set(spec.until?.toLowerCase().match(/[\p{L}\p{N}_-]+/gu))
  return sourceColumns(table)
    .map(({ name }) => name)
    .filter((name) => used.has(name) || words.has(name.toLowerCase()))
}

const condition = (sql: string): string => `coalesce(TRY(CAST((${sql}) AS BOOLEAN)), false)`

async function printParts(
  engine: SqlEngine,
  parts: ViewParts,
  finals: readonly SqlExpression[],
  where: SqlExpression | null,
): Promise<{ where: string; rows: string[]; aggregates: string[]; finals: string[] }> {
  const rows = parts.rows.map(({ tree }) => tree)
  const texts = await printExpressions(engine, [
    ...rows,
    ...parts.aggregateTrees,
    ...finals,
    ...(where ? [where] : []),
  ])
  const aggregatesEnd = rows.length + parts.aggregateTrees.length
  const finalsEnd = aggregatesEnd + finals.length
  return {
    rows: texts.slice(0, rows.length),
    aggregates: texts.slice(rows.length, aggregatesEnd),
    finals: texts.slice(aggregatesEnd, finalsEnd),
    where: texts[finalsEnd] ?? 'true',
  }
}

async function bindFinals(
  engine: SqlEngine,
  spec: FeatureViewSpec,
  items: readonly SqlExpression[],
  aggregates: readonly CompiledAggregate[],
  finals: readonly string[],
): Promise<void> {
  const columns = aggregates.map(({ type }, index) => ({
    name: aggregateColumn(spec.name, index),
    type: type.startsWith('"') ? 'DOUBLE' : type,
  }))
  const types = await bindTypes(engine, spec, finals, typedNulls(columns))
  for (const [index, item] of items.entries())
    checkFeatureType(spec, item.alias, types[index] ?? '')
}

/** Spells every column as the table declares it and without a qualifier. */
function resolveColumns(
  spec: FeatureViewSpec,
  select: SelectNode,
  table: FeatureTable,
): SelectNode {
  const declared = new Map(sourceColumns(table).map(({ name }) => [name.toLowerCase(), name]))
  const from = select.from_table
  const qualifiers = [from.alias || table.name].map((name) => name.toLowerCase())
  const resolve = (node: SqlExpression): SqlExpression => {
    if (node.class !== 'COLUMN_REF') return mapChildren(node, resolve)
    const path = columnPath(node)
    const isQualified = path.length === 2 && qualifiers.includes(path[0]?.toLowerCase() ?? '')
    if (path.length !== 1 && !isQualified) {
      throw invalid(
        spec,
        `has ${quote(path.join('.'))}: write columns of ${table.name} by their plain name`,
      )
    }
    const name = declared.get(path.at(-1)?.toLowerCase() ?? '')
    // A name that is no column may be a feature defined before it; what remains unknown fails when it is bound.
    return { ...columnRef(name ?? path.at(-1) ?? ''), alias: node.alias }
  }
  return {
    ...select,
    select_list: select.select_list.map(resolve),
    group_expressions: select.group_expressions.map(resolve),
    where_clause: select.where_clause && resolve(select.where_clause),
  }
}

function entityColumn(spec: FeatureViewSpec, node: SqlExpression, table: FeatureTable): string {
  const name = columnPath(node)[0] ?? ''
  const column = sourceColumns(table).find((candidate) => candidate.name === name)
  if (!column) throw unknownColumn(spec, name, table)
  if (!['integer', 'int64', 'text', 'boolean'].includes(column.type)) {
    throw invalid(
      spec,
      `has the entity ${quote(name)} of type ${column.type}: an entity is named by a whole number or a text`,
    )
  }
  return name
}

function checkColumns(
  spec: FeatureViewSpec,
  table: FeatureTable,
  trees: readonly SqlExpression[],
): void {
  const names = new Set(sourceColumns(table).map(({ name }) => name))
  for (const node of trees.flatMap((tree) => [...walk(tree)])) {
    const name = node.class === 'COLUMN_REF' ? columnPath(node)[0] : undefined
    if (name !== undefined && !names.has(name)) throw unknownColumn(spec, name, table)
  }
}

const unknownColumn = (spec: FeatureViewSpec, name: string, table: FeatureTable): Error =>
  invalid(
    spec,
    `has the unknown column ${quote(name)}: ${table.name} has ${table.columns.map((column) => column.name).join(', ')}`,
  )

/** The features as trees, names of features that came before put in their place. */
function featureItems(spec: FeatureViewSpec, select: SelectNode): SqlExpression[] {
  const before = new Map<string, SqlExpression>()
  const items: SqlExpression[] = []
  for (const [index, item] of select.select_list.slice(1).entries()) {
    if (!/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(item.alias)) {
      throw invalid(
        spec,
        item.alias === ''
          ? `has no name for its column ${index + 2}: write … as <name>`
          : `has the feature name ${quote(item.alias)}: use up to 64 letters, digits and "_"`,
      )
    }
    if (before.has(item.alias.toLowerCase())) {
      throw invalid(spec, `has two features named ${quote(item.alias)}: rename one`)
    }
    const substitute = (node: SqlExpression): SqlExpression => {
      if (isAggregate(node)) return node
      const known =
        node.class === 'COLUMN_REF' && before.get(columnPath(node)[0]?.toLowerCase() ?? '')
      return known ? { ...known, alias: '' } : mapChildren(node, substitute)
    }
    const tree = { ...substitute(item), alias: item.alias }
    if (![...walk(tree)].some(isAggregate)) {
      throw invalid(
        spec,
        `has the feature ${quote(item.alias)} without an aggregate: use for example count(*) or last(…)`,
      )
    }
    before.set(item.alias.toLowerCase(), tree)
    items.push(tree)
  }
  if (items.length === 0) throw invalid(spec, 'has no features: add for example count(*) as events')
  return items
}

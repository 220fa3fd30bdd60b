/** Which SELECTs are feature views: one table, grouped by one column, expressions over aggregates that update incrementally. */
import { quote } from '../core/index.ts'
import type { SqlEngine } from '../sql/index.ts'
import { supportedAggregates } from './aggregate-kinds.ts'
import type { FeatureTable, FeatureViewSpec } from './feature-view.ts'
import { invalid, notIncremental } from './view-parser.ts'
import {
  childrenOf,
  columnPath,
  functionArguments,
  functionName,
  isKnownClass,
  walk,
  type SelectNode,
  type SqlExpression,
} from './view-tree.ts'

/** Deterministic macros of the engine; the others read the session or contain aggregates. */
const ALLOWED_MACROS = new Set([
  'date_add',
  'days_in_month',
  'fdiv',
  'fmod',
  'md5_number_lower',
  'md5_number_upper',
  'nullif',
  'round_even',
  'roundbankers',
  'split_part',
])
/** Macros of the engine that contain aggregates. */
const AGGREGATE_MACROS = new Set(['geomean', 'geometric_mean', 'wavg', 'weighted_avg'])
/** The engine calls these deterministic, but they read the session or the build. */
const SESSION_FUNCTIONS = new Set(['current_setting', 'getenv', 'getvariable', 'version'])
const CLOCK_WORDS = new Set([
  'current_date',
  'current_time',
  'current_timestamp',
  'localtime',
  'localtimestamp',
])

const CLASS_WORDS: Readonly<Record<string, string>> = {
  LAMBDA: 'a lambda',
  PARAMETER: 'a parameter',
  STAR: '*',
  SUBQUERY: 'a subquery',
  WINDOW: 'a window function',
}

export const isAggregate = (node: SqlExpression): boolean =>
  node.class === 'FUNCTION' && Object.hasOwn(supportedAggregates, functionName(node))

/** Refuses every clause that a feature view does not have. */
export function checkClauses(spec: FeatureViewSpec, select: SelectNode, table: FeatureTable): void {
  const refuse = (what: string, remedy: string): never => {
    throw invalid(spec, `has ${what}, which a feature view cannot have: ${remedy}`)
  }
  const from = select.from_table
  if (select.cte_map.map.length > 0) refuse('a WITH clause', `read from ${table.name} directly`)
  if (from.type === 'JOIN') refuse('a join', `read from ${table.name} only`)
  if (from.type === 'SUBQUERY') refuse('a subquery in FROM', `read from ${table.name} directly`)
  if (from.type === 'EMPTY') refuse('no FROM clause', `read from ${table.name}`)
  if (from.type !== 'BASE_TABLE') {
    refuse('something else than a table in FROM', `read from ${table.name}`)
  }
  const name = [from.catalog_name, from.schema_name, from.table_name].filter(Boolean).join('.')
  if (name.toLowerCase() !== table.name.toLowerCase()) {
    throw invalid(spec, `reads from ${quote(name)}: it must read from ${quote(table.name)}`)
  }
  if (from.sample !== null || select.sample !== null) refuse('a sample', 'remove it')
  if (from.at_clause) refuse('an AT clause', 'remove it')
  if ((from.column_name_alias ?? []).length > 0) refuse('column aliases in FROM', 'remove them')
  if (select.having !== null) refuse('HAVING', 'every entity has a row; remove it')
  if (select.qualify !== null) refuse('QUALIFY', 'remove it')
  for (const modifier of select.modifiers) {
    const word = modifier.type.replace('_MODIFIER', '').replace('_', ' ')
    refuse(word === 'ORDER' ? 'ORDER BY' : word, 'remove it')
  }
}

/** Refuses what no part of a view may hold, with the facts of the engine about the functions that are used. */
export async function checkExpressions(
  engine: SqlEngine,
  spec: FeatureViewSpec,
  select: SelectNode,
): Promise<void> {
  const roots = [
    ...select.select_list,
    ...(select.where_clause ? [select.where_clause] : []),
    ...select.group_expressions,
  ]
  const functions: SqlExpression[] = []
  for (const node of roots.flatMap((root) => [...walk(root)])) {
    if (!isKnownClass(node)) {
      const what = CLASS_WORDS[node.class] ?? `a ${node.class.toLowerCase()} expression`
      throw invalid(spec, `has ${what}, which a feature view cannot have: remove it`)
    }
    if (node.class === 'CONSTANT') checkConstant(spec, node)
    if (node.class === 'COLUMN_REF' && CLOCK_WORDS.has(columnPath(node)[0]?.toLowerCase() ?? '')) {
      throw notDeterministic(spec, columnPath(node)[0] ?? '')
    }
    if (node.class === 'FUNCTION') functions.push(node)
  }
  const facts = await functionFacts(engine, [...new Set(functions.map(functionName))])
  for (const node of functions) checkFunction(spec, node, facts.get(functionName(node)) ?? [])
  for (const root of roots) checkAggregates(spec, root, undefined)
  for (const node of select.where_clause ? walk(select.where_clause) : []) {
    if (isAggregate(node)) {
      throw invalid(
        spec,
        `has the aggregate ${functionName(node)} in WHERE: conditions there are over single rows`,
      )
    }
  }
}

function checkConstant(spec: FeatureViewSpec, node: SqlExpression): void {
  const { value } = node['value'] as { value?: unknown }
  const isRounded = typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER
  const { id } = (node['value'] as { type: { id: string } }).type
  if ((isRounded && id !== 'DOUBLE' && id !== 'FLOAT') || typeof value === 'object') {
    if (value === null) return
    throw invalid(
      spec,
      `has a number with more than 15 digits: write it as text with a cast, for example '9007199254740993'::bigint`,
    )
  }
}

interface FunctionFact {
  readonly type: string
  readonly stability: string
}

async function functionFacts(
  engine: SqlEngine,
  names: readonly string[],
): Promise<Map<string, FunctionFact[]>> {
  const facts = new Map<string, FunctionFact[]>()
  if (names.length === 0) return facts
  const result = await engine.queryColumns(
    `select distinct lower(function_name) as name, function_type as type, stability from duckdb_functions()
     where lower(function_name) in (${names.map((_, index) => `$${index + 1}`).join(', ')})`,
    { params: [...names] },
  )
  const [types, stabilities] = [result.texts('type'), result.texts('stability')]
  for (const [index, name] of result.texts('name').entries()) {
    const list = facts.get(name ?? '') ?? []
    list.push({ type: types[index] ?? '', stability: stabilities[index] ?? '' })
    facts.set(name ?? '', list)
  }
  return facts
}

function checkFunction(
  spec: FeatureViewSpec,
  node: SqlExpression,
  facts: readonly FunctionFact[],
): void {
  const name = functionName(node)
  if (isAggregate(node)) return
  if (facts.some(({ type }) => type === 'aggregate') || AGGREGATE_MACROS.has(name)) {
    throw notIncremental(
      spec,
      `${name}()`,
      `use ${['count', 'sum', 'avg', 'min', 'max', 'stddev', 'variance', 'arg_min', 'arg_max', 'first'].join(', ')} or last`,
    )
  }
  const isMacro = facts.some(({ type }) => type.includes('macro'))
  const readsClock = name === 'age' && functionArguments(node).length === 1
  const isVolatile = facts.some(
    ({ type, stability }) => type === 'scalar' && stability !== 'CONSISTENT',
  )
  if (
    (isMacro && !ALLOWED_MACROS.has(name)) ||
    isVolatile ||
    readsClock ||
    SESSION_FUNCTIONS.has(name)
  ) {
    throw notDeterministic(spec, `${name}()`)
  }
}

const notDeterministic = (spec: FeatureViewSpec, what: string): Error =>
  invalid(
    spec,
    `uses ${what}, whose value is not decided by the events alone: use only functions of the columns`,
  )

function checkAggregates(
  spec: FeatureViewSpec,
  node: SqlExpression,
  outer: string | undefined,
): void {
  if (!isAggregate(node)) {
    for (const child of childrenOf(node)) checkAggregates(spec, child, outer)
    return
  }
  const name = functionName(node)
  const shown = name === 'count_star' ? 'count(*)' : `${name}()`
  if (outer !== undefined)
    throw invalid(spec, `has the aggregate ${shown} inside ${outer}: aggregate columns only`)
  if (node['distinct'] === true) {
    throw notIncremental(
      spec,
      `${name}(distinct …)`,
      'it would need every value ever seen; use count(*), or count a condition with FILTER',
    )
  }
  const orders = (node['order_bys'] as { orders?: readonly unknown[] } | null)?.orders ?? []
  if (orders.length > 0) {
    throw invalid(
      spec,
      `has ORDER BY in ${shown}: first and last already follow the event time; for another order use arg_min or arg_max`,
    )
  }
  const allowed = supportedAggregates[name]?.arguments ?? []
  if (!allowed.includes(functionArguments(node).length)) {
    throw notIncremental(
      spec,
      `${name}() with ${functionArguments(node).length} arguments`,
      `give it ${allowed.join(' or ')}`,
    )
  }
  for (const child of childrenOf(node)) checkAggregates(spec, child, shown)
}

/** The grouped column. Throws unless the first column of the view is the one column that it is grouped by. */
export function entityOf(spec: FeatureViewSpec, select: SelectNode): SqlExpression {
  const [first] = select.select_list
  if (first?.class !== 'COLUMN_REF') {
    throw invalid(spec, 'must begin with its entity column: select <entity>, … group by <entity>')
  }
  if (first.alias !== '') {
    throw invalid(
      spec,
      `renames its entity column to ${quote(first.alias)}: rows are joined by the column's own name`,
    )
  }
  if (select.aggregate_handling === 'FORCE_AGGREGATES') return first
  const [group, ...more] = select.group_expressions
  if (!group || more.length > 0 || select.group_sets.length !== 1) {
    throw invalid(
      spec,
      'must be grouped by exactly one column, its entity: add "group by <entity>"',
    )
  }
  const isPosition =
    group.class === 'CONSTANT' && (group['value'] as { value?: unknown }).value === 1
  const isColumn =
    group.class === 'COLUMN_REF' &&
    columnPath(group).at(-1)?.toLowerCase() === columnPath(first).at(-1)?.toLowerCase()
  if (!isPosition && !isColumn) {
    throw invalid(spec, `must be grouped by its first column ${quote(columnPath(first).join('.'))}`)
  }
  return first
}

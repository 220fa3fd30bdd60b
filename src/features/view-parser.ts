/** SQL text ↔ trees, by the engine's own parser and printer, so that we never guess at SQL. */
import { quote } from '../core/index.ts'
import type { SqlEngine } from '../sql/index.ts'
import { featureError } from './errors.ts'
import type { FeatureViewSpec } from './feature-view.ts'
import { selectOf, type SelectNode, type SqlExpression } from './view-tree.ts'

interface Parsed {
  readonly error: boolean
  readonly error_message?: string
  readonly position?: string
  readonly statements?: readonly { readonly node: SelectNode }[]
}

/** Throws FEATURE_INVALID_VIEW unless the text is exactly one SELECT. */
export async function parseView(engine: SqlEngine, spec: FeatureViewSpec): Promise<SelectNode> {
  const result = await engine.queryColumns(
    'select json_serialize_sql($1::varchar)::varchar as tree',
    { params: [spec.sql] },
  )
  // Positions without a value are 2^64 − 1, which JSON numbers of JavaScript cannot hold; nothing here needs them.
  const text = (result.texts('tree')[0] ?? '').replaceAll(
    /"query_location":\d+/g,
    '"query_location":0',
  )
  const parsed = JSON.parse(text) as Parsed
  if (parsed.error_message?.startsWith('Only SELECT')) {
    throw invalid(spec, 'must be a SELECT: select <entity>, … from <table> group by <entity>')
  }
  if (parsed.error) {
    const at = parsed.position === undefined ? '' : ` at character ${Number(parsed.position) + 1}`
    throw invalid(spec, `cannot be parsed: ${parsed.error_message}${at}`)
  }
  const [statement, ...more] = parsed.statements ?? []
  if (!statement) throw invalid(spec, 'is empty: select <entity>, … from <table> group by <entity>')
  if (more.length > 0) throw invalid(spec, 'has several statements: keep one SELECT')
  if (statement.node.type !== 'SELECT_NODE') {
    throw invalid(spec, 'must be one plain SELECT, without UNION, INTERSECT or EXCEPT')
  }
  return statement.node
}

/** SQL text of each expression, without its alias. */
export async function printExpressions(
  engine: SqlEngine,
  expressions: readonly SqlExpression[],
): Promise<string[]> {
  if (expressions.length === 0) return []
  const rows = expressions.map((_, index) => `(${index}, $${index + 1}::varchar)`).join(', ')
  const result = await engine.queryColumns(
    `select json_deserialize_sql(tree::json) as sql from (values ${rows}) t(i, tree) order by i`,
    { params: expressions.map((expression) => JSON.stringify(selectOf(expression))) },
  )
  return result.texts('sql').map((text) => (text ?? '').replace(/^SELECT /, ''))
}

export function invalid(spec: FeatureViewSpec, problem: string, cause?: unknown): Error {
  return featureError('FEATURE_INVALID_VIEW', `feature view ${quote(spec.name)} ${problem}`, {
    details: { view: spec.name },
    ...(cause === undefined ? {} : { cause }),
  })
}

export function notIncremental(spec: FeatureViewSpec, what: string, remedy: string): Error {
  return featureError(
    'FEATURE_NOT_INCREMENTAL',
    `feature view ${quote(spec.name)} uses ${what}, which cannot be kept up to date event by event: ${remedy}`,
    { details: { view: spec.name, function: what } },
  )
}

/**
 * The parsed form of a view's SQL: the JSON trees of DuckDB's `json_serialize_sql`, as far as feature views need them.
 * A tree is data; checks walk it, the compiler rewrites it, and `json_deserialize_sql` prints it again.
 */

/** An expression. Which other fields it has follows from `class`. */
export interface SqlExpression {
  readonly class: string
  readonly type: string
  readonly alias: string
  readonly [field: string]: unknown
}

export interface SelectNode {
  readonly type: string
  readonly modifiers: readonly { readonly type: string }[]
  readonly cte_map: { readonly map: readonly unknown[] }
  readonly select_list: readonly SqlExpression[]
  readonly from_table: {
    readonly type: string
    readonly alias: string
    readonly sample: unknown
    readonly schema_name?: string
    readonly catalog_name?: string
    readonly table_name?: string
    readonly column_name_alias?: readonly string[]
    readonly at_clause?: unknown
  }
  readonly where_clause: SqlExpression | null
  readonly group_expressions: readonly SqlExpression[]
  readonly group_sets: readonly (readonly number[])[]
  readonly aggregate_handling: string
  readonly having: SqlExpression | null
  readonly sample: unknown
  readonly qualify: SqlExpression | null
}

/** Fields that hold expressions, by class. A class that is not here is not allowed in a view. */
const CHILD_FIELDS: Readonly<Record<string, readonly string[]>> = {
  BETWEEN: ['input', 'lower', 'upper'],
  CASE: ['case_checks', 'else_expr'],
  CAST: ['child'],
  COLUMN_REF: [],
  COMPARISON: ['left', 'right'],
  CONJUNCTION: ['children'],
  CONSTANT: [],
  FUNCTION: ['children', 'filter'],
  OPERATOR: ['children'],
}

export const isKnownClass = (node: SqlExpression): boolean =>
  Object.hasOwn(CHILD_FIELDS, node.class)

const isExpression = (value: unknown): value is SqlExpression =>
  typeof value === 'object' && value !== null && 'class' in value

/** A copy of the node whose child expressions are replaced; the node itself stays as it is. */
export function mapChildren(
  node: SqlExpression,
  replace: (child: SqlExpression) => SqlExpression,
): SqlExpression {
  const mapValue = (value: unknown): unknown => {
    if (isExpression(value)) return replace(value)
    if (Array.isArray(value)) return value.map(mapValue)
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, mapValue(part)]))
    }
    return value
  }
  const copy: Record<string, unknown> = { ...node }
  for (const field of CHILD_FIELDS[node.class] ?? []) copy[field] = mapValue(node[field])
  return copy as unknown as SqlExpression
}

export function childrenOf(node: SqlExpression): SqlExpression[] {
  const children: SqlExpression[] = []
  mapChildren(node, (child) => {
    children.push(child)
    return child
  })
  return children
}

/** The node and everything below it, parents first. */
export function* walk(node: SqlExpression): Generator<SqlExpression> {
  yield node
  for (const child of childrenOf(node)) yield* walk(child)
}

export const columnRef = (name: string): SqlExpression => ({
  class: 'COLUMN_REF',
  type: 'COLUMN_REF',
  alias: '',
  query_location: 0,
  column_names: [name],
})

export const columnPath = (node: SqlExpression): readonly string[] =>
  node['column_names'] as readonly string[]

/** Lower-case name of a FUNCTION node. */
export const functionName = (node: SqlExpression): string =>
  String(node['function_name']).toLowerCase()

export const functionArguments = (node: SqlExpression): readonly SqlExpression[] =>
  node['children'] as readonly SqlExpression[]

/** A statement with nothing but a select list, ready for `json_deserialize_sql`. */
export function selectOf(expression: SqlExpression): object {
  return {
    error: false,
    statements: [
      {
        node: {
          type: 'SELECT_NODE',
          modifiers: [],
          cte_map: { map: [] },
          select_list: [{ ...expression, alias: '' }],
          from_table: { type: 'EMPTY', alias: '', sample: null, query_location: 0 },
          where_clause: null,
          group_expressions: [],
          group_sets: [],
          aggregate_handling: 'STANDARD_HANDLING',
          having: null,
          sample: null,
          qualify: null,
        },
        named_param_map: [],
      },
    ],
  }
}

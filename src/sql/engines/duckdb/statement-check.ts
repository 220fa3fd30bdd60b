/**
 * Decides whether a text is one statement that only reads tables. The judge is DuckDB's own parser: the statement must
 * serialize as a SELECT (so do DESCRIBE, SHOW TABLES and SUMMARIZE), and every table function in its tree must be on a
 * list. The list matters: `SELECT * FROM enable_logging(…)` or `enable_profiling()` is a SELECT and writes a file or the
 * standard output even when the configuration is locked.
 */
import {
  StatementType,
  type DuckDBConnection,
  type DuckDBPreparedStatement,
} from '@duckdb/node-api'
import { quote, sqlText } from '../../../core/index.ts'
import { sqlError } from '../../errors.ts'

const TABLE_FUNCTIONS = new Set([
  'generate_series',
  'histogram',
  'histogram_values',
  'json_each',
  'json_tree',
  'range',
  'repeat',
  'repeat_row',
  'unnest',
])
/** They tell settings, paths or write a log. */
const REFUSED_FUNCTIONS = new Set(['current_setting', 'getenv', 'getvariable', 'write_log'])
/** Catalog tables show the views' definitions, which name files. */
const REFUSED_TABLES = /^(duckdb_|sqlite_|pg_)/

const EXPLAIN = /^(?:\s|--[^\n]*\n|\/\*(?:[^*]|\*(?!\/))*\*\/)*explain\s+(?:analyze\s+)?/i

/** The statement, prepared and not yet run. Throws SQL_NOT_ALLOWED, SQL_INVALID; DuckDB's own errors pass through. */
export async function prepareReadOnly(
  connection: DuckDBConnection,
  sql: string,
  views: ReadonlySet<string>,
): Promise<DuckDBPreparedStatement> {
  const statements = await connection.extractStatements(sql).catch((error: Error) => {
    // What the binding says to a text of blanks and comments.
    if (!error.message.includes('native callback')) throw error
    throw sqlError('SQL_INVALID', 'the text has no statement: send one SELECT')
  })
  if (statements.count > 1) {
    throw notAllowed(`the text has ${statements.count} statements (PIVOT counts as two)`)
  }
  await checkTree(connection, sql.replace(EXPLAIN, ''), views)
  const prepared = await statements.prepare(0)
  const type = prepared.statementType
  const isExplain = EXPLAIN.test(sql)
  if (type === (isExplain ? StatementType.EXPLAIN : StatementType.SELECT)) return prepared
  throw notAllowed(`a statement of type ${StatementType[type] ?? 'unknown'} was sent`)
}

async function checkTree(
  connection: DuckDBConnection,
  sql: string,
  views: ReadonlySet<string>,
): Promise<void> {
  const result = await connection.run(`SELECT json_serialize_sql(${sqlText(sql)})`)
  const [row] = await result.getRows()
  const tree = JSON.parse(String(row?.[0])) as { error: boolean; statements?: unknown[] }
  if (tree.error || tree.statements?.length !== 1) throw notAllowed('the text is not a SELECT')
  const open: unknown[] = [tree.statements]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (typeof node !== 'object' || node === null) continue
    checkNode(node, views)
    open.push(...Object.values(node))
  }
}

interface SyntaxNode {
  readonly type?: unknown
  readonly class?: unknown
  readonly table_name?: unknown
  readonly schema_name?: unknown
  readonly function_name?: unknown
  readonly function?: { readonly function_name?: unknown }
}

function checkNode(node: SyntaxNode, views: ReadonlySet<string>): void {
  if (node.type === 'TABLE_FUNCTION') {
    const name = nameOf(node.function?.function_name)
    if (!TABLE_FUNCTIONS.has(name)) throw notAllowed(`the table function ${quote(name)} was used`)
  } else if (node.type === 'BASE_TABLE') {
    const name = nameOf(node.table_name)
    const isCatalog = REFUSED_TABLES.test(name) || nameOf(node.schema_name) === 'pg_catalog'
    if (isCatalog && !views.has(name)) throw notAllowed(`the catalog table ${quote(name)} was used`)
  } else if (node.class === 'FUNCTION') {
    const name = nameOf(node.function_name)
    if (REFUSED_FUNCTIONS.has(name)) throw notAllowed(`the function ${quote(name)} was used`)
  }
}

const nameOf = (value: unknown): string => (typeof value === 'string' ? value.toLowerCase() : '')

const notAllowed = (what: string): Error =>
  sqlError(
    'SQL_NOT_ALLOWED',
    `${what}: send one SELECT, DESCRIBE, SHOW TABLES, SUMMARIZE or EXPLAIN over the tables`,
  )

import { sqlEngines, type SqlEngineName } from './catalog.ts'
import type { SqlEngine, SqlEngineOptions } from './engine.ts'

/** Opens an engine for the product's own queries. Close it. */
export function openSqlEngine(
  options: SqlEngineOptions & { readonly engine?: SqlEngineName } = {},
): Promise<SqlEngine> {
  return sqlEngines[options.engine ?? 'duckdb'].open(options)
}

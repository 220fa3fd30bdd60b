/** The engines, one lazy line each: DuckDB's native code is loaded when first opened. */
import type { SqlEngine, SqlEngineOptions } from './engine.ts'

export interface SqlEngineDefinition {
  readonly summary: string
  open(options?: SqlEngineOptions): Promise<SqlEngine>
}

export const sqlEngines = {
  duckdb: {
    summary: 'DuckDB in this process, over Parquet files.',
    open: async (options) =>
      (await import('./engines/duckdb/duckdb-engine.ts')).openDuckdbEngine(options),
  },
} as const satisfies Record<string, SqlEngineDefinition>

export type SqlEngineName = keyof typeof sqlEngines

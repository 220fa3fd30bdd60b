/** The engines, one lazy line each: DuckDB's native code is loaded when first opened. */
import type { SqlEngine, SqlEngineOptions } from './engine.ts'
import type { LockedAnswer, LockedQuery } from './engines/duckdb/locked-query.ts'

export interface SqlEngineDefinition {
  readonly summary: string
  readonly open: (options?: SqlEngineOptions) => Promise<SqlEngine>
  /** Runs a user's query in an engine that is locked first; called in the sandbox's child only. */
  readonly runLocked: (
    query: LockedQuery,
    onStart: (interrupt: () => void) => void,
  ) => Promise<LockedAnswer>
}

export const sqlEngines = {
  duckdb: {
    summary: 'DuckDB in this process, over Parquet files.',
    open: async (options) =>
      (await import('./engines/duckdb/duckdb-engine.ts')).openDuckdbEngine(options),
    runLocked: async (query, onStart) =>
      (await import('./engines/duckdb/locked-query.ts')).runLocked(query, onStart),
  },
} as const satisfies Record<string, SqlEngineDefinition>

export type SqlEngineName = keyof typeof sqlEngines

/**
 * Runs SQL. Two faces: `SqlEngine` for the product's own queries (trusted text, in process), `SqlSandbox` for a user's
 * text (a child process with limits: design D7). Neither knows what a lake is: they are told files and columns.
 *
 * Guarantees: **Q1** same query over the same files, same rows and types. **Q2** integers beyond ± (2^53 − 1) come back
 * as bigint, never rounded. **Q3** `close` ends running queries. **Q4** a query's signal stops it within 100 ms.
 */
import type { Cell, Column, ColumnarRows } from '../core/index.ts'

export interface QueryColumn {
  readonly name: string
  /** The engine's type, upper case: BIGINT, DOUBLE, VARCHAR, TIMESTAMP WITH TIME ZONE, … */
  readonly type: string
}

export interface QueryResult {
  readonly columns: readonly QueryColumn[]
  /** Row-major. Nested and exotic values come as their JSON form (lists, structs) or text (decimals, intervals). */
  readonly rows: readonly (readonly SqlValue[])[]
}

export type SqlValue = Cell | readonly SqlValue[] | { readonly [key: string]: SqlValue }

export interface QueryOptions {
  readonly params?: readonly Cell[]
  readonly signal?: AbortSignal
}

/** Numeric columns of a query as typed arrays (NULL and non-numbers are NaN), text columns as strings. */
export interface ColumnResult {
  readonly length: number
  readonly names: readonly string[]
  numbers(name: string): Float64Array
  texts(name: string): (string | null)[]
}

/** One connection-like engine; queries on it run one after the other. */
export interface SqlEngine {
  readonly name: string
  query(sql: string, options?: QueryOptions): Promise<QueryResult>
  /** For training and features: columns without a JavaScript object per row. */
  queryColumns(sql: string, options?: QueryOptions): Promise<ColumnResult>
  /** Statements without a result. Several may be given, separated by `;`. */
  run(sql: string, options?: QueryOptions): Promise<void>
  /** Adds rows to an existing table whose columns have the same order and types. */
  append(table: string, rows: ColumnarRows): Promise<void>
  close(): Promise<void>
}

export interface SqlEngineOptions {
  /** Most memory of the engine, bytes. Default 1 GiB. */
  readonly memoryBytes?: number
  /** Default 2. */
  readonly threads?: number
  /** Where the engine may spill. Default: nowhere. */
  readonly spillDir?: string
}

/** A view that a user's SQL may read: Parquet files of one schema, all presented as one table. */
export interface SandboxView {
  readonly name: string
  readonly columns: readonly Column[]
  /** Absolute paths. Empty: the view has its columns and no rows. */
  readonly files: readonly string[]
  /** Those of `files` that have all the columns: they are not opened before a query needs them. Default: none is known to. */
  readonly wholeFiles?: readonly string[]
  /**
   * Columns that are also in the paths, as `column=value/`: a query that asks for some values opens only their files. A file
   * without these folders, or with Hive's NULL in one of them, is read for its own values.
   */
  readonly partitionColumns?: readonly string[]
}

export interface SandboxRequest {
  readonly sql: string
  readonly params?: readonly Cell[]
  readonly views: readonly SandboxView[]
  /** Rows after this one are cut off and `truncated` is set. */
  readonly maxRows: number
  /** Bytes of the answer as JSON after which it is cut off likewise. */
  readonly maxBytes: number
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

export interface SandboxResult extends QueryResult {
  readonly truncated: boolean
  readonly durationMs: number
}

/**
 * Runs one SELECT (or DESCRIBE, SHOW TABLES, SUMMARIZE, EXPLAIN) of a user. Throws SQL_INVALID (with position),
 * SQL_NOT_ALLOWED, SQL_TIMEOUT, SQL_OUT_OF_MEMORY, SQL_CRASHED (the child ended; the next query gets a new one).
 */
export interface SqlSandbox {
  run(request: SandboxRequest): Promise<SandboxResult>
  close(): Promise<void>
}

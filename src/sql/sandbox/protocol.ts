/**
 * What goes between the sandbox and its child: JSON lines, requests on the child's standard input, answers on its file
 * descriptor 3 (DuckDB may write to the standard output). JSON, because the child is not trusted: nothing in a line can be
 * anything but data.
 */
import type { Cell } from '../../core/index.ts'
import type { QueryColumn, SandboxView, SqlValue } from '../engine.ts'

export const ANSWER_FD = 3

export interface QueryMessage {
  readonly id: number
  readonly sql: string
  readonly params: readonly WireCell[]
  readonly views: readonly SandboxView[]
  readonly maxRows: number
  readonly maxBytes: number
  readonly timeoutMs: number
}

export type ParentMessage = QueryMessage | { readonly cancel: number }

/** How far the child could be shut in; not all is possible for every user and on every system. */
export interface Isolation {
  /** User that runs the query. */
  readonly uid: number
  /** False: it is the user of the parent. */
  readonly hasOwnUser: boolean
  /** True: the child has a network namespace without a route. */
  readonly hasNoNetwork: boolean
  /** Bytes, undefined when the system has no such limit. */
  readonly addressSpaceBytes?: number
}

export type ChildMessage =
  | { readonly ready: Isolation }
  | {
      readonly id: number
      readonly columns: readonly QueryColumn[]
      readonly rows: readonly (readonly SqlValue[])[]
      readonly truncated: boolean
    }
  | {
      readonly id: number
      readonly error: {
        readonly code: string
        readonly message: string
        readonly details: Readonly<Record<string, unknown>>
      }
    }

/** A bigint as an object, everything else as it is. */
export type WireCell = Exclude<Cell, bigint> | { readonly int64: string }

export const toWire = (cell: Cell): WireCell =>
  typeof cell === 'bigint' ? { int64: String(cell) } : cell

export const fromWire = (cell: WireCell): Cell =>
  typeof cell === 'object' && cell !== null ? BigInt(cell.int64) : cell

const INTEGER_TYPES = new Set(['BIGINT', 'UBIGINT', 'HUGEINT', 'UHUGEINT'])

/** Whole numbers that JSON cannot hold came as text: in columns of such a type they become bigint again. */
export function reviveRows(
  columns: readonly QueryColumn[],
  rows: readonly (readonly SqlValue[])[],
): readonly (readonly SqlValue[])[] {
  const integers = columns.flatMap(({ type }, index) => (INTEGER_TYPES.has(type) ? [index] : []))
  if (integers.length === 0) return rows
  return rows.map((row) =>
    integers.some((index) => typeof row[index] === 'string')
      ? row.map((value, index) =>
          typeof value === 'string' && integers.includes(index) ? BigInt(value) : value,
        )
      : row,
  )
}

/** DuckDB's messages, sorted into this room's codes. Its errors carry no code: the class is the text before the colon. */
import { isMillraceError } from '../../../core/index.ts'
import { sqlError, type SqlErrorCode } from '../../errors.ts'

const CODES: readonly (readonly [pattern: RegExp, code: SqlErrorCode])[] = [
  [/^Out of Memory Error|bad allocation|bad_alloc/i, 'SQL_OUT_OF_MEMORY'],
  [/^INTERRUPT Error/, 'SQL_CANCELLED'],
  [/^Permission Error|configuration has been locked/, 'SQL_NOT_ALLOWED'],
  [
    /^(Parser|Syntax|Binder|Catalog|Conversion|Invalid Input|Invalid Type|Mismatch Type|Out of Range|Not implemented|Dependency|Constraint|Parameter Not Resolved|Parameter Not Allowed|Expression|Sequence|Values) Error/i,
    'SQL_INVALID',
  ],
]

export interface SqlPosition {
  /** Both count from 1. */
  readonly line: number
  readonly column: number
}

/** An error of DuckDB as one of ours; an error that is ours already, or of an unknown class, is handed through. */
export function duckdbError(error: unknown, sql: string): unknown {
  if (isMillraceError(error) || !(error instanceof Error)) return error
  const message = error.message.replace(/^Failed to extract statements: /, '')
  const code = CODES.find(([pattern]) => pattern.test(message))?.[1]
  if (code === undefined) return error
  const position = positionOf(message, sql)
  const excerpt = message.indexOf('\n\nLINE ')
  const text = (excerpt < 0 ? message : message.slice(0, excerpt)).trim()
  return sqlError(
    code,
    position ? `${text} (line ${position.line}, column ${position.column})` : text,
    {
      cause: error,
      ...(position && { details: { position } }),
    },
  )
}

/**
 * DuckDB shows the place as `LINE 2: select nope` and a caret below. A long line is cut and starts or ends with `...`;
 * then the excerpt is looked up in the text.
 */
export function positionOf(message: string, sql: string): SqlPosition | undefined {
  const match = /\n\nLINE (\d+): (.*)\n( *)\^/.exec(message)
  if (!match) return undefined
  const [, lineText = '', excerpt = '', blanks = ''] = match
  const line = Number(lineText)
  const source = sql.split('\n')[line - 1]
  if (source === undefined) return undefined
  const caret = blanks.length - `LINE ${lineText}: `.length
  const cut = excerpt.startsWith('...') ? 3 : 0
  const shown = excerpt.slice(cut).replace(/\.\.\.$/, '')
  const start = cut === 0 ? 0 : source.indexOf(shown)
  if (start < 0) return { line, column: 1 }
  return { line, column: Math.max(1, start + caret - cut + 1) }
}

/**
 * From a zod object to columns: the one place that knows how a declared event becomes a row. The same columns type the
 * lake's Parquet files, the CSV reader, the SQL views and the feature queries.
 */
import { z } from 'zod'
import { coreError, type Issue } from './errors.ts'

/**
 * - `integer`: a whole number within ± (2^53 − 1); BIGINT in SQL, a JSON number.
 * - `int64`: any 64-bit whole number (zod `z.int64()` or `z.bigint()`); BIGINT in SQL, text in JSON.
 * - `double`: a finite number. An integer is fine where a double is declared.
 * - `timestamp`: an ISO 8601 text (zod `z.iso.datetime()`, `z.date()`); TIMESTAMPTZ in SQL.
 * - `text`: a text, an enum, or a union of text and number, whose whole numbers are written in digits.
 * - `json`: any other value, kept as JSON text.
 */
export type ColumnType = 'boolean' | 'integer' | 'int64' | 'double' | 'text' | 'timestamp' | 'json'

export interface Column {
  readonly name: string
  readonly type: ColumnType
  readonly nullable: boolean
  /** A text column that also takes whole numbers and writes them in digits. */
  readonly takesNumbers?: true
}

/** A value of a row: what each column type holds in JavaScript. `timestamp` is milliseconds since the epoch. */
export type Cell = boolean | number | bigint | string | null

/** Rows by column; every array has `length` entries. */
export interface ColumnarRows {
  readonly columns: readonly Column[]
  readonly length: number
  /** One array per column, in the order of `columns`. */
  readonly values: readonly (readonly Cell[])[]
}

/** The schema of a topic: a flat zod object. Unknown keys are refused unless the object is `.loose()`. */
export type EventSchema = z.ZodObject<z.ZodRawShape>

/** The columns of a schema, in declaration order. Throws CORE_UNSUPPORTED_SCHEMA. */
export function columnsOf(schema: EventSchema): Column[] {
  return Object.entries(schema.shape).map(([name, type]) => columnOf(name, type as z.ZodType))
}

function columnOf(name: string, type: z.ZodType): Column {
  let inner: z.ZodType = type
  let nullable = false
  for (;;) {
    if (inner instanceof z.ZodOptional || inner instanceof z.ZodNullable) {
      nullable = true
      inner = inner.unwrap() as z.ZodType
    } else if (inner instanceof z.ZodDefault || inner instanceof z.ZodReadonly) {
      inner = inner.unwrap() as z.ZodType
    } else break
  }
  const column = { name, type: columnType(name, inner), nullable }
  return isName(inner) ? { ...column, takesNumbers: true } : column
}

function columnType(name: string, type: z.ZodType): ColumnType {
  if (type instanceof z.ZodNumber) {
    const format = type.format
    return format === 'safeint' || format === 'int32' || format === 'uint32' ? 'integer' : 'double'
  }
  if (type instanceof z.ZodBigInt) return 'int64'
  if (type instanceof z.ZodBoolean) return 'boolean'
  if (type instanceof z.ZodDate || type instanceof z.ZodISODateTime) return 'timestamp'
  if (type instanceof z.ZodString || type instanceof z.ZodStringFormat) return 'text'
  if (type instanceof z.ZodEnum || type instanceof z.ZodLiteral) return 'text'
  if (isName(type)) return 'text'
  if (
    type instanceof z.ZodArray ||
    type instanceof z.ZodObject ||
    type instanceof z.ZodRecord ||
    type instanceof z.ZodUnion ||
    type instanceof z.ZodUnknown
  )
    return 'json'
  throw coreError(
    'CORE_UNSUPPORTED_SCHEMA',
    `field "${name}" has a zod type without a column form: use numbers, strings, booleans, dates, enums, arrays or objects`,
    { details: { field: name } },
  )
}

/** A text or a whole number, as ids are that come from several systems: `z.union([z.string(), z.int()])`. */
const isName = (type: z.ZodType): boolean =>
  type instanceof z.ZodUnion &&
  type.options.some((option) => option instanceof z.ZodString) &&
  type.options.every((option) => option instanceof z.ZodString || isWhole(option as z.ZodType))

const isWhole = (type: z.ZodType): boolean =>
  type instanceof z.ZodNumber && columnType('', type) === 'integer'

/** The issues of a failed zod parse, with JSON pointers and without values. */
export function issuesOf(error: z.ZodError, base = ''): Issue[] {
  return error.issues.flatMap((issue): Issue[] => {
    const path = base + issue.path.map((part) => `/${escapePointer(String(part))}`).join('')
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        path: `${path}/${escapePointer(key)}`,
        message: 'unknown field: remove it, or add it to the schema',
      }))
    }
    return [{ path, message: sentenceOf(issue) }]
  })
}

/** Zod says "expected string, received undefined" of a field that is not there; a person reads "missing". */
function sentenceOf(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'invalid_type') return issue.message
  if (issue.message.endsWith('received undefined')) return `missing: expected ${issue.expected}`
  if (issue.message.endsWith('received NaN')) return 'write a number in plain digits'
  return issue.message
}

/** One part of a JSON pointer (RFC 6901). */
export const escapePointer = (part: string): string =>
  part.replaceAll('~', '~0').replaceAll('/', '~1')

/**
 * A topic's zod schema as the door applies it: unknown fields are refused unless the schema says `.loose()`, nothing is
 * coerced, and the two kinds of values that JSON has no form for (64-bit integers, dates) are taken as text.
 */
import { z } from 'zod'
import { coreError, issuesOf, type EventSchema, type Issue } from '../../core/index.ts'

export type JsonObject = Readonly<Record<string, unknown>>

/** The issues of an event, empty when it fits. */
export type SchemaCheck = (event: JsonObject) => readonly Issue[]

const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n

/** Throws CORE_UNSUPPORTED_SCHEMA when the schema coerces. */
export function createSchemaCheck(schema: EventSchema): SchemaCheck {
  const strict = schema.def.catchall === undefined ? schema.strict() : schema
  const asText = textFields(schema)
  return (event) => {
    const { value, issues } = readTexts(event, asText)
    if (issues.length > 0) return issues
    const result = strict.safeParse(value)
    return result.success ? [] : issuesOf(result.error)
  }
}

type TextKind = 'int64' | 'date'

function textFields(schema: EventSchema): [name: string, kind: TextKind][] {
  const fields: [string, TextKind][] = []
  for (const [name, type] of Object.entries(schema.shape)) {
    const inner = unwrap(type as z.ZodType)
    if ((inner.def as { coerce?: boolean }).coerce === true) {
      throw coreError(
        'CORE_UNSUPPORTED_SCHEMA',
        `field "${name}" is declared with z.coerce: events are never coerced, declare the type that is sent`,
        { details: { field: name } },
      )
    }
    if (inner instanceof z.ZodBigInt) fields.push([name, 'int64'])
    else if (inner instanceof z.ZodDate) fields.push([name, 'date'])
  }
  return fields
}

function unwrap(type: z.ZodType): z.ZodType {
  let inner = type
  while (
    inner instanceof z.ZodOptional ||
    inner instanceof z.ZodNullable ||
    inner instanceof z.ZodDefault ||
    inner instanceof z.ZodReadonly
  ) {
    inner = inner.unwrap() as z.ZodType
  }
  return inner
}

function readTexts(
  event: JsonObject,
  fields: readonly [string, TextKind][],
): { value: JsonObject; issues: Issue[] } {
  if (fields.length === 0) return { value: event, issues: [] }
  const value: Record<string, unknown> = { ...event }
  const issues: Issue[] = []
  for (const [name, kind] of fields) {
    const text = event[name]
    if (text === undefined || text === null) continue
    const read = kind === 'int64' ? readInt64(text) : readDate(text)
    if (read === undefined) issues.push({ path: `/${name}`, message: MESSAGES[kind] })
    else value[name] = read
  }
  return { value, issues }
}

const MESSAGES: Readonly<Record<TextKind, string>> = {
  int64: 'must be a 64-bit whole number written as text, for example "9007199254740993"',
  date: 'must be a date and time in ISO 8601 with a zone, for example "2026-01-31T12:00:00Z"',
}

function readInt64(text: unknown): bigint | undefined {
  if (typeof text !== 'string' || !/^-?(0|[1-9]\d{0,18})$/.test(text)) return undefined
  const value = BigInt(text)
  return value >= INT64_MIN && value <= INT64_MAX ? value : undefined
}

function readDate(text: unknown): Date | undefined {
  if (typeof text !== 'string' || !z.iso.datetime({ offset: true }).safeParse(text).success) {
    return undefined
  }
  return new Date(text)
}

/** True when the schema takes fields that it does not name. */
export const isLoose = (schema: EventSchema): boolean =>
  schema.def.catchall !== undefined && !(schema.def.catchall instanceof z.ZodNever)

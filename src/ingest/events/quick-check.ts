/**
 * The short way through the check of an event, from its bytes alone: no text is decoded, no object made. It only ever says
 * "sound", with what the long way would say of key, id and time, or nothing; then the long way (`event-check.ts`) decides and
 * finds the words. So the rules stand there once, and a test compares the two.
 */
import { z } from 'zod'
import { eventTimeMs, type EventSchema, type Limits } from '../../core/index.ts'
import { FLAT_KIND, FlatFields, FlatJson } from '../../kernels/index.ts'
import type { TopicContract } from '../ingest.ts'
import type { SoundEvent } from './event-check.ts'

/** Undefined: nothing is said, look closer. */
export type QuickCheck = (bytes: Uint8Array) => SoundEvent | undefined

/** True when the value of a field fits, as the schema would say; false also where that is not known. */
type Fits = (json: FlatJson, field: number) => boolean

interface Field {
  readonly name: string
  readonly fits: Fits
  readonly isRequired: boolean
}

/** Undefined when the topic's schema says something that fields alone do not tell. */
export function createQuickCheck(contract: TopicContract, limits: Limits): QuickCheck | undefined {
  const { schema } = contract
  const fields = schema && limits.jsonDepth > 0 ? fieldsOf(schema) : undefined
  if (fields === undefined || fields.length > limits.jsonKeys) return undefined
  const placeOf = (name: string): number => fields.findIndex((field) => field.name === name)
  const named = [contract.key, contract.id, contract.eventTime]
  const [keyAt, idAt, timeAt] = named.map((name) => (name === undefined ? -1 : placeOf(name)))
  if (named.some((name) => name !== undefined && placeOf(name) < 0)) return undefined
  const json = new FlatJson()
  const found = new FlatFields(fields.map(({ name }) => name))
  const { places } = found
  const place = (index = -1): number => (index < 0 ? -1 : places[index]!)
  return (bytes) => {
    if (!json.read(bytes) || !found.match(json) || found.unknown > 0) return undefined
    if (!fit(json, fields, places)) return undefined
    const key = keyOf(json, place(keyAt), bytes)
    if (key === undefined) return undefined
    const timeMs = timeOf(json, place(timeAt), contract.eventTimeUnit)
    if (Number.isNaN(timeMs)) return undefined
    const id = keyOf(json, place(idAt), bytes)
    if (id === null) return { key, timeMs }
    if (id === undefined || id.length === 0 || id.length > ID_CHARACTERS) return undefined
    return { key, id: Buffer.from(id).toString('latin1'), timeMs }
  }
}

function fit(json: FlatJson, fields: readonly Field[], places: Int32Array): boolean {
  for (let index = 0; index < fields.length; index++) {
    const field = fields[index]!
    const place = places[index]!
    if (place < 0 ? field.isRequired : !field.fits(json, place)) return false
  }
  return true
}

/** Longest id of an event: ids are compared, sent and kept with every record. */
export const ID_CHARACTERS = 1_024

/** Bytes of the record key; null when the field is absent or null, undefined when it needs a closer look. */
function keyOf(json: FlatJson, place: number, bytes: Uint8Array): Uint8Array | null | undefined {
  if (place < 0) return null
  const kind = json.kind[place]
  if (kind === FLAT_KIND.null) return null
  if (kind !== FLAT_KIND.plain && kind !== FLAT_KIND.integer) return undefined
  return bytes.subarray(json.start[place], json.end[place])
}

/** Undefined when the field is absent or null, NaN when it needs a closer look. */
function timeOf(json: FlatJson, place: number, unit: 's' | 'ms' | undefined): number | undefined {
  if (place < 0 || json.kind[place] === FLAT_KIND.null) return undefined
  return eventTimeMs(json.value(place), unit) ?? Number.NaN
}

/** Undefined for a schema with rules over several fields, one that takes unknown fields, or names that are no plain text. */
function fieldsOf(schema: EventSchema): Field[] | undefined {
  const { catchall, checks } = schema.def
  if (catchall !== undefined && !(catchall instanceof z.ZodNever)) return undefined
  if (checks !== undefined && checks.length > 0) return undefined
  const names = Object.keys(schema.shape)
  if (names.length === 0 || !names.every(isPlainName)) return undefined
  const missing = new Set(schema.safeParse({}).error?.issues.map(({ path }) => path[0]))
  return Object.entries(schema.shape).map(([name, type]) => ({
    name,
    fits: fitsOf(type as z.ZodType),
    isRequired: missing.has(name),
  }))
}

const isPlainName = (name: string): boolean =>
  /^[ !#-[\]-~]{1,128}$/.test(name) && !(name in Object.prototype)

function fitsOf(type: z.ZodType): Fits {
  const inner = unwrap(type)
  if (inner === undefined) return () => false
  const fits = fitsBare(inner)
  const takesNull = type.safeParse(null).success
  return (json, field) => (json.kind[field] === FLAT_KIND.null ? takesNull : fits(json, field))
}

/** What is inside of wrappers that say nothing of a value that is there and not null; undefined for those that change it. */
function unwrap(type: z.ZodType): z.ZodType | undefined {
  let inner = type
  while (
    inner instanceof z.ZodOptional ||
    inner instanceof z.ZodNullable ||
    inner instanceof z.ZodReadonly
  ) {
    inner = inner.unwrap() as z.ZodType
  }
  // Taken as text and turned into another value: the long way knows how.
  return inner instanceof z.ZodBigInt || inner instanceof z.ZodDate ? undefined : inner
}

const isText = (kind: number | undefined): boolean =>
  kind === FLAT_KIND.plain || kind === FLAT_KIND.text

function fitsBare(type: z.ZodType): Fits {
  const hasRules = isRuled(type)
  if (type instanceof z.ZodString && !hasRules) return (json, field) => isText(json.kind[field])
  if (type instanceof z.ZodBoolean && !hasRules) {
    return (json, field) => {
      const kind = json.kind[field]
      return kind === FLAT_KIND.true || kind === FLAT_KIND.false
    }
  }
  if (type instanceof z.ZodNumber) return fitsNumber(type)
  if (type instanceof z.ZodUnion && !hasRules) {
    const options = type.options.map((option) => fitsBare(option as z.ZodType))
    return (json, field) => options.some((fits) => fits(json, field))
  }
  return (json, field) => parses(type, json, field)
}

/** True when the type says more than which JSON values it takes. */
function isRuled({ def }: z.ZodType): boolean {
  const { checks, format, coerce } = def as { checks?: unknown; format?: unknown; coerce?: unknown }
  return checks !== undefined || format !== undefined || coerce !== undefined
}

/** The schema itself decides on the one value. */
function parses(type: z.ZodType, json: FlatJson, field: number): boolean {
  try {
    return type.safeParse(json.value(field)).success
  } catch {
    // A rule that cannot be asked here, or throws: the long way says what is to be said.
    return false
  }
}

function fitsNumber(type: z.ZodNumber): Fits {
  const { minValue, maxValue, isInt } = type
  const rules = (type.def.checks ?? []) as readonly z.core.$ZodCheck[]
  const isSimple = rules.every(({ _zod: { def } }) => SIMPLE_RULES.has(def.check))
  const least = minValue ?? Number.NEGATIVE_INFINITY
  const most = maxValue ?? Number.POSITIVE_INFINITY
  const isFree = least === Number.NEGATIVE_INFINITY && most === Number.POSITIVE_INFINITY
  const takesIntegers = least <= -MOST_INTEGER && most >= MOST_INTEGER
  return (json, field) => {
    const kind = json.kind[field]
    if (kind !== FLAT_KIND.integer && kind !== FLAT_KIND.fraction) return false
    if (!isSimple || (kind === FLAT_KIND.fraction && isInt)) return parses(type, json, field)
    if (isFree || (takesIntegers && kind === FLAT_KIND.integer)) return true
    const value = json.value(field) as number
    // Whether a bound itself is allowed, only the schema says.
    return (value > least && value < most) || parses(type, json, field)
  }
}

/** More than an integer of `FlatJson` can be. */
const MOST_INTEGER = 1e15
const SIMPLE_RULES: ReadonlySet<string> = new Set(['greater_than', 'less_than', 'number_format'])

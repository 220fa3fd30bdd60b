/**
 * The records of `__millrace-registry`: JSON, each with a format version. A record that is longer than `PART_BYTES` (a
 * version trained on very many files) is cut into adjacent records with a header `part` of `index/count`, because the log
 * bounds a record at 1 MiB.
 */
import { z } from 'zod'
import { coreError, quote, type LogRecord, type NewRecord } from '../core/index.ts'
import { registryError } from './errors.ts'
import { modelName, modelVersion, versionNumber } from './version-schema.ts'

export const REGISTRY_TOPIC = '__millrace-registry'
export const PROMOTIONS_TOPIC = '__millrace-promotions'
/** Raised when a reader of the format before would misread a record. */
const FORMAT = 1
/** Half the default limit of a record: headers and key stay well below the other half. */
const PART_BYTES = 512 * 1024
/** More parts than this is no record of ours. */
const PARTS_MAX = 1_000

const change = z.object({
  type: z.literal('change'),
  action: z.enum(['promoted', 'rolled-back', 'alias-set', 'alias-removed']),
  model: modelName,
  version: versionNumber,
  alias: z.string(),
  /** What the writer saw as the champion. A roll-back counts only when it still is (state, rule 4). */
  previous: versionNumber.optional(),
  at: z.iso.datetime(),
  by: z.string(),
  reason: z.string(),
})
const registration = z.object({ type: z.literal('version'), version: modelVersion })
const entry = z.discriminatedUnion('type', [registration, change])

export type RegistryEntry = z.infer<typeof entry>
export type ChangeEntry = z.infer<typeof change>

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

/** JSON with a format version. Throws CORE_INVALID_INPUT for NaN and infinities, which JSON would turn into null. */
export function encodeJson(value: object): Uint8Array {
  const text = JSON.stringify({ format: FORMAT, ...value }, (key, inner: unknown) => {
    if (typeof inner === 'number' && !Number.isFinite(inner)) {
      throw coreError(
        'CORE_INVALID_INPUT',
        `field ${quote(key)} is ${inner}, which has no JSON form: leave out a figure that is not defined`,
        { details: { field: key } },
      )
    }
    return inner
  })
  return encoder.encode(text)
}

export function encodeEntry(value: RegistryEntry, timestamp: number): NewRecord[] {
  const model = value.type === 'version' ? value.version.model : value.model
  const key = encoder.encode(model)
  const bytes = encodeJson(value)
  const parts = Math.ceil(bytes.length / PART_BYTES)
  return Array.from({ length: parts }, (_, index) => ({
    key,
    value: bytes.subarray(index * PART_BYTES, (index + 1) * PART_BYTES),
    headers: parts === 1 ? [] : [{ key: 'part', value: encoder.encode(`${index + 1}/${parts}`) }],
    timestamp,
    partition: 0,
  }))
}

/** What one log record completes: an entry, nothing yet (a part), or something that is not ours. */
export type Decoded =
  | { readonly entry: RegistryEntry }
  | { readonly part: true }
  | { readonly foreign: string }

/** Puts parts together again; takes the records of the topic in order. Throws REGISTRY_FORMAT_NEWER. */
export function createEntryDecoder(): (record: LogRecord) => Decoded {
  let parts: Uint8Array[] = []
  return (record) => {
    const value = record.value
    if (value === null) return { foreign: 'it has no value' }
    const header = record.headers.find(({ key }) => key === 'part')?.value
    if (!header) {
      parts = []
      return decodeEntry(value, record.offset)
    }
    const [index = Number.NaN, count = Number.NaN] = Buffer.from(header)
      .toString('latin1')
      .split('/')
      .map(Number)
    if (index === 1) parts = []
    if (!(count <= PARTS_MAX) || index !== parts.length + 1) {
      return { foreign: `part ${index} of ${count} is out of order` }
    }
    parts.push(value)
    if (index < count) return { part: true }
    const whole = Buffer.concat(parts)
    parts = []
    return decodeEntry(whole, record.offset)
  }
}

function decodeEntry(value: Uint8Array, offset: number): Decoded {
  const json = parseJson(value)
  const format = (json as { format?: unknown } | null | undefined)?.format
  if (typeof format === 'number' && format > FORMAT) {
    throw registryError(
      'REGISTRY_FORMAT_NEWER',
      `record ${offset} of topic ${REGISTRY_TOPIC} has format ${format}, this version reads up to ${FORMAT}: start the newer version of Millrace`,
      { details: { offset, format } },
    )
  }
  if (format !== FORMAT) return { foreign: 'it is no JSON object with a format version' }
  const parsed = entry.safeParse(json)
  if (parsed.success) return { entry: parsed.data }
  const issue = parsed.error.issues[0]
  return { foreign: `field ${quote(issue?.path.join('.') ?? '')}: ${issue?.message ?? ''}` }
}

function parseJson(value: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(value))
  } catch {
    return undefined
  }
}

/** A pointer on `__millrace-promotions`: what `<model>/<alias>` names now. A tombstone is a removed alias. */
const pointer = z.object({ format: z.literal(FORMAT), version: versionNumber, entry: z.int() })
/** `entry` is the offset on `__millrace-registry` of the change that set it. */
export type AliasPointer = Omit<z.infer<typeof pointer>, 'format'>

export function encodePointer(
  key: string,
  value: AliasPointer | undefined,
  timestamp: number,
): NewRecord {
  return {
    key: encoder.encode(key),
    value: value === undefined ? null : encodeJson(value),
    headers: [],
    timestamp,
    partition: 0,
  }
}

/** Undefined for a tombstone and for what is not ours. */
export function decodePointer(record: LogRecord): AliasPointer | undefined {
  if (record.value === null) return undefined
  const parsed = pointer.safeParse(parseJson(record.value))
  return parsed.success ? { version: parsed.data.version, entry: parsed.data.entry } : undefined
}

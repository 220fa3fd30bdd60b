/**
 * What happens to every event at the door, in this order: size, UTF-8 and the scan of the JSON's bytes, the parser, the
 * topic's schema, the record key, the event time. The first step that fails names the event's fault. Most events are flat and
 * sound, and `quick-check.ts` knows it from their bytes; what it does not know goes this way.
 */
import { JsonScanner, type JsonFault } from '../../kernels/index.ts'
import { eventTimeMs, type Issue, type Limits } from '../../core/index.ts'
import type { IngestErrorCode } from '../errors.ts'
import type { TopicContract } from '../ingest.ts'
import { jsonIssue } from './json-issue.ts'
import { createQuickCheck, ID_CHARACTERS } from './quick-check.ts'
import { createSchemaCheck, type JsonObject } from './strict-schema.ts'

export interface EventFault {
  readonly code: IngestErrorCode
  readonly issues: readonly Issue[]
}

export interface SoundEvent {
  readonly code?: undefined
  /** Record key; null when the topic declares none or the field is absent. */
  readonly key: Uint8Array | null
  /** The event's own id; undefined when the topic declares none or the field is absent. */
  readonly id?: string | undefined
  /** Event time in milliseconds; undefined when none is declared or the field is absent. */
  readonly timeMs: number | undefined
}

export type EventVerdict = SoundEvent | EventFault
export type EventCheck = (bytes: Uint8Array) => EventVerdict

/** The fault of a scan, in the words of an answer. */
export function faultOf(fault: JsonFault): EventFault {
  const { code, ...issue } = jsonIssue(fault)
  return { code, issues: [issue] }
}

const oneIssue = (code: IngestErrorCode, path: string, message: string): EventFault => ({
  code,
  issues: [{ path, message }],
})

/** Topics without a contract take any bytes up to `limits.recordBytes`. */
export function createEventCheck(contract: TopicContract | undefined, limits: Limits): EventCheck {
  const closeCheck = createCloseCheck(contract, limits)
  const quickCheck = contract && createQuickCheck(contract, limits)
  if (!quickCheck) return closeCheck
  return (bytes) =>
    (bytes.length <= limits.recordBytes ? quickCheck(bytes) : undefined) ?? closeCheck(bytes)
}

/** The whole check, by parser and schema. */
export function createCloseCheck(contract: TopicContract | undefined, limits: Limits): EventCheck {
  const tooLarge = oneIssue(
    'INGEST_EVENT_TOO_LARGE',
    '',
    `is larger than ${limits.recordBytes} bytes: send less, or raise the limit recordBytes`,
  )
  const sound: SoundEvent = { key: null, timeMs: undefined }
  const isChecked = contract?.schema ?? contract?.key ?? contract?.eventTime ?? contract?.id
  if (!contract || isChecked === undefined) {
    return (bytes) => (bytes.length > limits.recordBytes ? tooLarge : sound)
  }
  const scanner = new JsonScanner({ depth: limits.jsonDepth, keys: limits.jsonKeys })
  const checkSchema = contract.schema ? createSchemaCheck(contract.schema) : undefined
  return (bytes) => {
    if (bytes.length > limits.recordBytes) return tooLarge
    const { fault } = scanner.scan(bytes)
    if (fault) return faultOf(fault)
    const event = parseObject(bytes)
    if ('code' in event) return event.code
    const issues = checkSchema?.(event.value) ?? []
    if (issues.length > 0) return { code: 'INGEST_INVALID_EVENT', issues }
    return readKeyAndTime(event.value, contract)
  }
}

function parseObject(bytes: Uint8Array): { value: JsonObject } | { code: EventFault } {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString())
  } catch (error) {
    return { code: oneIssue('INGEST_INVALID_JSON', '', jsonMessage(error as SyntaxError)) }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { code: oneIssue('INGEST_INVALID_EVENT', '', 'must be a JSON object') }
  }
  return { value: value as JsonObject }
}

/** The parser's message quotes the text; only the place is taken over. */
export function jsonMessage(error: SyntaxError): string {
  const place = /position (\d+)/.exec(error.message)
  return place ? `is not JSON: see character ${place[1]}` : 'is not JSON: the text ends too early'
}

function readKeyAndTime(event: JsonObject, contract: TopicContract): EventVerdict {
  let key: Uint8Array | null = null
  let id: string | undefined
  let timeMs: number | undefined
  if (contract.key !== undefined) {
    const field = event[contract.key]
    if (field !== undefined && field !== null) {
      const text = keyText(field)
      if (text === undefined) {
        return oneIssue(
          'INGEST_INVALID_EVENT',
          `/${contract.key}`,
          'cannot be a record key: send a text without NUL, a number or a boolean',
        )
      }
      key = Buffer.from(text)
    }
  }
  if (contract.eventTime !== undefined) {
    const field = event[contract.eventTime]
    if (field !== undefined && field !== null) {
      timeMs = eventTimeMs(field, contract.eventTimeUnit)
      if (timeMs === undefined) {
        return oneIssue(
          'INGEST_INVALID_EVENT',
          `/${contract.eventTime}`,
          'is no time between the years 1900 and 9999: send Unix seconds, milliseconds or ISO 8601 with a zone',
        )
      }
    }
  }
  const idField = contract.id === undefined ? undefined : event[contract.id]
  if (idField !== undefined && idField !== null) {
    id = keyText(idField)
    if (id === undefined || id === '' || id.length > ID_CHARACTERS) {
      return oneIssue(
        'INGEST_INVALID_EVENT',
        `/${contract.id}`,
        `cannot be an id: send a number, or a text of 1 to ${ID_CHARACTERS} characters without NUL`,
      )
    }
  }
  return { key, id, timeMs }
}

function keyText(field: unknown): string | undefined {
  if (typeof field === 'string') return field.includes('\0') ? undefined : field
  if (typeof field === 'number' || typeof field === 'boolean') return String(field)
  return undefined
}

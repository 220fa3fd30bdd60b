/** One message with a list becomes one record a row; a message that is not as declared is a dead letter, whole. */
import { isUtf8 } from 'node:buffer'
import { z } from 'zod'
import {
  envelopeHeaders,
  issuesOf,
  readEnvelope,
  type EventSchema,
  type Issue,
  type LogRecord,
  type NewRecord,
} from '../../core/index.ts'
import type { RejectedRecord } from '../../lake/index.ts'
import type { Operator } from '../derived/operator.ts'
import { unnestShape, type UnnestSpec } from './unnest-shape.ts'

const due = z.object({ messages: z.int() })
export type UnnestDue = z.infer<typeof due>

const encoder = new TextEncoder()

export function createUnnestOperator(
  spec: UnnestSpec,
  stream: { readonly name: string; readonly to: string },
): Operator<UnnestDue> {
  const shape = unnestShape(spec)
  const read = messageReader(spec.schema)
  let records: NewRecord[] = []
  let letters: RejectedRecord[] = []
  let messages = 0

  const take = (record: LogRecord): boolean => {
    messages += 1
    const message = read(record.value)
    if ('issues' in message) {
      letters.push({ record, issues: message.issues })
      return false
    }
    for (const row of shape.rowsOf(message.value)) records.push(rowRecord(stream, record, row))
    return true
  }

  return {
    due,
    restore() {},
    fold(added) {
      const invalid = added.filter((record) => !take(record)).length
      return { late: 0, ahead: 0, invalid }
    },
    whatIsDue: () => (messages > 0 ? { messages } : undefined),
    results: () => ({ records, letters }),
    baseAfter: (_due, positions) => ({
      origins: [...positions].map(([partition, offset]) => ({ partition, offset, carry: null })),
      closedUntil: null,
    }),
    settle() {
      records = []
      letters = []
      messages = 0
    },
    look() {},
    facts: () => ({}),
  }
}

type ReadMessage =
  | { readonly value: Readonly<Record<string, unknown>> }
  | { readonly issues: readonly Issue[] }

/** As strict as the door: unknown fields are refused unless the schema says `.loose()`, nothing is coerced. */
function messageReader(schema: EventSchema): (value: Uint8Array | null) => ReadMessage {
  const strict = schema.def.catchall === undefined ? schema.strict() : schema
  const whole = (message: string): ReadMessage => ({ issues: [{ path: '', message }] })
  return (bytes) => {
    if (bytes === null) return whole('the record has no value (a tombstone): send a JSON object')
    if (!isUtf8(bytes)) return whole('the value is not UTF-8: encode the JSON text as UTF-8')
    let json: unknown
    try {
      json = JSON.parse(Buffer.from(bytes).toString('utf8'))
    } catch {
      return whole('the value is not JSON (NaN and Infinity are not either): send one JSON object')
    }
    const result = strict.safeParse(json)
    return result.success ? { value: result.data } : { issues: issuesOf(result.error) }
  }
}

/** The id is made of the message's place and the row's, so a replay gives the same one. */
function rowRecord(
  { name, to }: { readonly name: string; readonly to: string },
  { partition, offset, timestamp, headers }: LogRecord,
  row: Readonly<Record<string, unknown>>,
): NewRecord {
  const { time } = readEnvelope(headers)
  return {
    key: null,
    value: encoder.encode(JSON.stringify(row)),
    headers: envelopeHeaders({
      id: `${name}/${partition}/${offset}/${String(row['row'])}`,
      source: `stream:${name}`,
      type: to,
      ...(time !== undefined && { time }),
    }),
    timestamp,
    partition: 0,
  }
}

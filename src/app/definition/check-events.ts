/** Checks of the event types: topics and fields that exist, calls that can carry their parameters, headers that may be kept. */
import { z } from 'zod'
import { checkName, columnsOf, escapePointer } from '../../core/index.ts'
import type { AppDefinition } from '../define-app.ts'
import {
  eventCalls,
  eventParameters,
  readCall,
  type EventDefinition,
  type EventField,
} from '../define-events.ts'
import { namesOf, reportErrors, type Report } from './issue-report.ts'
import { checkPath } from './reserved-paths.ts'

/** Headers that prove who somebody is: whoever reads the log could pass for them. */
const SECRET_HEADERS = new Set(['authorization', 'proxy-authorization', 'cookie', 'set-cookie'])
/** What a path or a query can carry. */
const TEXT_TYPES = new Set(['text', 'integer', 'double', 'boolean'])

export function checkEvents(app: AppDefinition, report: Report): void {
  const calls = eventCalls(app)
  for (const [name, event] of Object.entries(app.events ?? {})) {
    const path = `/events/${escapePointer(name)}`
    reportErrors(report, path, () => checkName(name, 'event type'))
    checkFields(app, event, path, report)
    checkHeader(event.subject, `${path}/subject`, report)
    for (const call of Object.keys(event.routes ?? {})) {
      const field = `${path}/routes/${escapePointer(call)}`
      checkCall(event, call, field, report)
      if (calls.indexOf(call) !== calls.lastIndexOf(call)) {
        report(field, `"${call}" is declared twice: remove one`)
      }
    }
  }
}

function checkFields(
  app: AppDefinition,
  event: EventDefinition,
  path: string,
  report: Report,
): void {
  const topic = Object.hasOwn(app.topics, event.topic) ? app.topics[event.topic] : undefined
  if (!topic) return report(`${path}/topic`, `is no topic of the app: use ${namesOf(app.topics)}`)
  const known = Object.keys(topic.schema.shape)
  if (Object.keys(event.fields).length === 0) {
    report(`${path}/fields`, 'is empty: an event has at least one field')
  }
  for (const [name, field] of Object.entries(event.fields)) {
    const at = `${path}/fields/${escapePointer(name)}`
    if (!known.includes(name)) {
      report(at, `is no field of topic "${event.topic}": add it to the schema (${namesOf(known)})`)
    }
    checkHeader(field, at, report)
  }
}

function checkHeader(field: EventField | undefined, at: string, report: Report): void {
  if (typeof field !== 'object' || !('header' in field)) return
  const { header } = field
  if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(header)) {
    report(at, `"${header}" is no name of a header`)
  } else if (SECRET_HEADERS.has(header.toLowerCase())) {
    report(at, `"${header}" holds a secret and is never stored: choose another header`)
  }
}

function checkCall(event: EventDefinition, text: string, at: string, report: Report): void {
  const call = readCall(text)
  if (!call) {
    return report(at, 'is no call: write a method and a path, "GET /purchase_a_sword"')
  }
  checkPath(call.path, at, report)
  const parameters = new Map(eventParameters(event))
  for (const name of call.pathParameters) {
    if (!parameters.has(name)) {
      report(at, `has ":${name}", which is no parameter of the event: add the field with a schema`)
    }
  }
  for (const [name, schema] of parameters) {
    if (call.method === 'POST' && !call.pathParameters.includes(name)) continue
    reportErrors(report, at, () => {
      const [column] = columnsOf(z.object({ [name]: schema }))
      if (column && !TEXT_TYPES.has(column.type)) {
        throw new Error(`cannot carry "${name}", a ${column.type}: take it by POST`)
      }
    })
  }
}

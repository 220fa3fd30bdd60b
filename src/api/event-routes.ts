/**
 * The calls of an app's event types: one route each, documented and checked like the others, that makes an event and
 * answers when it is durable. A GET answers the declared text; `POST /events/<name>` answers where the event lies.
 *
 * 200 or 202 · 404 no such type · 409 the idempotency key belongs to another event · 422 a parameter is missing or wrong
 */
import { z } from 'zod'
import {
  eventParameters,
  readCall,
  standardCall,
  type EventCall,
  type EventDefinition,
  type RunningApp,
} from '../app/index.ts'
import { columnsOf, type ColumnType } from '../core/index.ts'
import type { FastifyRequest } from 'fastify'
import type { AnyRoute, RouteTools } from './define-route.ts'
import { allRefused, envelopeOf, turnOf } from './receive-events.ts'

/** By route id. */
export function eventRoutes(app: RunningApp): Record<string, AnyRoute> {
  const routes: Record<string, AnyRoute> = {}
  for (const [name, event] of Object.entries(app.definition.events ?? {})) {
    for (const [text, answer] of Object.entries(event.routes ?? {})) {
      const call = readCall(text)
      if (call) routes[routeId(text)] = routeOf(app, name, event, call, answer)
    }
    const call = readCall(standardCall(name))
    if (call) routes[routeId(standardCall(name))] = routeOf(app, name, event, call)
  }
  return routes
}

const routeId = (call: string): string => `app/${call.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`

const madeEvent = z.object({
  type: z.string(),
  topic: z.string(),
  partition: z.int(),
  offset: z.int(),
  duplicate: z.boolean().describe('The idempotency key was there before: nothing was stored again'),
})

/** Without `answer`: JSON that says where the event lies. */
function routeOf(
  app: RunningApp,
  name: string,
  event: EventDefinition,
  call: EventCall,
  answer?: string,
): AnyRoute {
  return {
    method: call.method,
    path: call.path,
    tag: 'app',
    load: 'ingest',
    summary: event.summary ?? `Make an event ${name}`,
    ...inputsOf(event, call),
    head: false,
    problems: [404, 409],
    ...(answer === undefined
      ? { status: 202 as const, answer: madeEvent }
      : { answer: z.string(), answerType: 'text/plain; charset=utf-8' }),
    handler: async ({ params, query, body, raw }, { admission, reply }) => {
      const given: Record<string, unknown> = Object.assign({}, query, body, params)
      const made = await makeEvent({ app, admission }, name, event, raw, given)
      return answer === undefined ? made : reply.send(answer)
    },
  }
}

/** Where each parameter comes in. */
function inputsOf(
  event: EventDefinition,
  { method, pathParameters }: EventCall,
): Pick<AnyRoute, 'params' | 'query' | 'body'> {
  const parameters = eventParameters(event)
  const inPath = parameters.filter(([name]) => pathParameters.includes(name))
  const others = parameters.filter(([name]) => !pathParameters.includes(name))
  const asTexts = (some: typeof others): z.ZodType =>
    z.strictObject(Object.fromEntries(some.map(([name, schema]) => [name, fromText(schema)])))
  return {
    ...(inPath.length > 0 && { params: asTexts(inPath) }),
    ...(method === 'POST'
      ? { body: z.strictObject(Object.fromEntries(others)) }
      : { query: asTexts(others) }),
  }
}

/** A parameter as it comes in a path or query: numbers and booleans are texts there. */
function fromText(schema: z.ZodType): z.ZodType {
  const type = columnsOf(z.object({ value: schema }))[0]?.type
  const read = type && TEXTS[type]
  if (!read) return schema
  const converted = z.preprocess((text) => (typeof text === 'string' ? read(text) : text), schema)
  return schema.safeParse(undefined).success ? converted.optional() : converted
}

const plainNumber = (text: string): unknown =>
  /^-?\d{1,16}(\.\d{1,16})?$/.test(text) ? Number(text) : text

const TEXTS: Partial<Record<ColumnType, (text: string) => unknown>> = {
  integer: plainNumber,
  double: plainNumber,
  boolean: (text) => (text === 'true' || text === 'false' ? text === 'true' : text),
}

async function makeEvent(
  { app, admission }: Pick<RouteTools, 'app' | 'admission'>,
  type: string,
  event: EventDefinition,
  request: FastifyRequest,
  given: Readonly<Record<string, unknown>>,
): Promise<z.output<typeof madeEvent>> {
  const { topic, version = 1 } = event
  const subject = event.subject && headerOf(request, event.subject.header)
  const result = await app.ingest.receive(topic, valueOf(event, request, given), {
    format: 'json',
    source: 'http',
    turn: turnOf(admission, undefined),
    envelope: {
      ...envelopeOf(request),
      type,
      dataschema: `urn:millrace:${app.definition.name}:${type}:${version}`,
      ...(subject !== undefined && { subject }),
    },
  })
  if (result.rejectedCount > 0) throw allRefused(result, false)
  const [place] = [...result.offsets, ...result.duplicateOffsets]
  return {
    type,
    topic,
    partition: place?.partition ?? 0,
    offset: place?.last ?? 0,
    duplicate: result.duplicates > 0,
  }
}

/** One line of JSON with a space after each comma and colon, as Python's `json.dumps` and every console example print it. */
function valueOf(
  event: EventDefinition,
  request: FastifyRequest,
  given: Readonly<Record<string, unknown>>,
): Uint8Array {
  const fields = Object.entries(event.fields).flatMap(([name, field]) => {
    const value =
      field instanceof z.ZodType
        ? given[name]
        : typeof field === 'object'
          ? headerOf(request, field.header)
          : field
    return value === undefined ? [] : [`${JSON.stringify(name)}: ${spaced(value)}`]
  })
  return Buffer.from(`{${fields.join(', ')}}`)
}

function spaced(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spaced).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const fields = Object.entries(value).map(
    ([name, field]) => `${JSON.stringify(name)}: ${spaced(field)}`,
  )
  return `{${fields.join(', ')}}`
}

/** Longest header value that is kept with an event, characters. */
const HEADER_CHARACTERS = 1_024

function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name.toLowerCase()]
  const text = Array.isArray(value) ? value.join(', ') : value
  return text?.slice(0, HEADER_CHARACTERS)
}

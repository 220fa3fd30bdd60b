/**
 * Event types that a plain call makes, without a handler: which topic, which fields in which order, which calls. Each also
 * has `POST /events/<name>` with its parameters as JSON.
 */
import { z } from 'zod'
import type { AppDefinition } from './define-app.ts'

/** The value of a request header. Made by `header`. */
export interface HeaderField {
  readonly header: string
}

/** A constant, a request header, or a parameter of the call. */
export type EventField = string | number | boolean | HeaderField | z.ZodType

export interface EventDefinition<Topic extends string = string> {
  readonly topic: Topic
  readonly summary?: string
  /** Version of the fields, told in the envelope. Default 1. */
  readonly version?: number
  /**
   * Fields of the event, written in this order: a constant; `header('Host')`, left out when the request has none; a zod
   * schema, a parameter that comes in the path, the query (GET, DELETE) or the JSON body (POST). Each is a field of the topic.
   */
  readonly fields: Readonly<Record<string, EventField>>
  /** Who did it, for the envelope: `ce_subject`. */
  readonly subject?: HeaderField
  /** Calls that make one, and the text that each answers: `'GET /join_guild': 'Guild Joined!'`. `:name` is a parameter. */
  readonly routes?: Readonly<Record<string, string>>
}

export interface EventCall {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  /** Names of the `:name` parts of the path. */
  readonly pathParameters: readonly string[]
}

const CALL = /^(GET|POST|DELETE) (\/[^\s?#]*)$/

/** The parts of `'GET /join_guild/:guild'`; undefined for anything else. */
export function readCall(text: string): EventCall | undefined {
  const match = CALL.exec(text)
  if (!match) return undefined
  const [, method = '', path = ''] = match
  return {
    method: method as EventCall['method'],
    path,
    pathParameters: [...path.matchAll(/:([A-Za-z0-9_]+)/g)].map(([, name]) => name ?? ''),
  }
}

/** The parameters of an event type: its fields with a schema. */
export const eventParameters = (event: EventDefinition): readonly [name: string, z.ZodType][] =>
  Object.entries(event.fields).flatMap(([name, field]): [string, z.ZodType][] =>
    field instanceof z.ZodType ? [[name, field]] : [],
  )

/** The call that every event type has beside its own. */
export const standardCall = (name: string): string => `POST /events/${name}`

/** Every call of the app's event types, as `GET /path`. */
export const eventCalls = (app: AppDefinition): string[] =>
  Object.entries(app.events ?? {}).flatMap(([name, event]) => [
    ...Object.keys(event.routes ?? {}),
    standardCall(name),
  ])

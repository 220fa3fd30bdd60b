/**
 * One endpoint is one value: method, path, summary, the zod schemas of what comes in and goes out, and a handler. The
 * server, the OpenAPI document, the documentation page and the table test are all derived from it.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import type { RunningApp } from '../app/index.ts'
import type { Admission } from './admission/admission.ts'
import type { LoadClass } from './admission/load-class.ts'
import type { LiveStreams } from './live-streams.ts'

export type RouteMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** Groups of the documentation page, in its order. */
export const tags = [
  'events',
  'topics',
  'groups',
  'streams',
  'tables',
  'sql',
  'features',
  'models',
  'jobs',
  'recommendations',
  'items',
  'users',
  'system',
  'app',
] as const
export type Tag = (typeof tags)[number]

/** What every handler may use. */
export interface RouteTools {
  readonly app: RunningApp
  readonly streams: LiveStreams
  readonly admission: Admission
  readonly reply: FastifyReply
}

/** A request after validation. */
export interface RouteRequest<Params, Query, Body> {
  readonly params: Params
  readonly query: Query
  readonly body: Body
  /** Aborts when the client goes away before the answer. */
  readonly signal: AbortSignal
  readonly raw: FastifyRequest
}

export interface RouteSpec<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
  Answer extends z.ZodType = z.ZodType,
> {
  readonly method: RouteMethod
  /** With `:name` for parameters. */
  readonly path: string
  readonly tag: Tag
  readonly summary: string
  readonly params?: Params
  readonly query?: Query
  /** A JSON body. Without it a body is refused with 415, except for `takes: 'events'`. */
  readonly body?: Body
  /** `events`: the handler reads JSON, NDJSON or CSV from the request as a stream. */
  readonly takes?: 'events'
  readonly answer: Answer
  /** Default 200. */
  readonly status?: 200 | 202 | 204
  /** Default `application/json`. */
  readonly answerType?: string
  /** Statuses of problems that this route may answer, beside 400, 403, 408, 413, 415, 422, 500 and 503. */
  readonly problems?: readonly number[]
  /** GET only. False: HEAD is not answered, because asking does something. Default true. */
  readonly head?: boolean
  /** The line it waits in under load; the default follows from tag and method (`admission/load-class.ts`). */
  readonly load?: LoadClass | 'always'
  /** Probes are left out of the access log. */
  readonly quiet?: boolean
  /** A value that is sent as JSON, text, or nothing when the handler answered through `tools.reply` itself. */
  readonly handler: (
    request: RouteRequest<z.output<Params>, z.output<Query>, z.output<Body>>,
    tools: RouteTools,
  ) => Promise<Sent<z.output<Answer>> | FastifyReply> | Sent<z.output<Answer>> | FastifyReply
}

/** What a handler may give for a schema: the rooms' values are read-only. */
export type Sent<T> = T extends readonly (infer Item)[]
  ? readonly Sent<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Sent<T[Key]> }
    : T

/** Any endpoint, as the table holds them. */
export type AnyRoute = Omit<RouteSpec, 'handler'> & {
  readonly handler: (request: RouteRequest<never, never, never>, tools: RouteTools) => unknown
}

/** Checks an endpoint's types: the handler sees what its schemas say. */
export function defineRoute<
  Params extends z.ZodType,
  Query extends z.ZodType,
  Body extends z.ZodType,
  Answer extends z.ZodType,
>(spec: RouteSpec<Params, Query, Body, Answer>): AnyRoute {
  return spec
}

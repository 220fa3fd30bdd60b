/** Puts the table of routes on the server. */
import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  FastifySchema,
  FastifySchemaCompiler,
} from 'fastify'
import { z } from 'zod'
import type { RunningApp } from '../app/index.ts'
import type { Admission } from './admission/admission.ts'
import { loadClassOf } from './admission/load-class.ts'
import { expectTurn, giveTurn, takeTurn } from './admission/request-turn.ts'
import type { Caller } from './admission/turn-queue.ts'
import type { AnyRoute, RouteTools } from './define-route.ts'
import { apiError } from './errors.ts'
import type { LiveStreams } from './live-streams.ts'
import { acceptEvents, acceptJson, countBody } from './request-body.ts'
import { problemSchema } from './schemas/problem-schema.ts'
import { sendProblem } from './problem.ts'
import { validatorCompiler } from './validation.ts'

export interface RegistrationOptions {
  readonly app: RunningApp
  readonly streams: LiveStreams
  readonly admission: Admission
  readonly routes: Readonly<Record<string, AnyRoute>>
}

/** Problems that any route may answer. */
const COMMON_PROBLEMS = [400, 403, 422, 503] as const
const BODY_PROBLEMS = [408, 413, 415] as const

const nothing = z.strictObject({})

/** A declared app (its topics, models, routes) and where its answers go: two scopes, as bodies are taken in two ways. */
export async function addRoutes(
  server: FastifyInstance,
  options: RegistrationOptions,
): Promise<void> {
  const all = Object.entries(options.routes)
  await server.register(async (scope) => {
    acceptJson(scope, options.app.limits)
    for (const [id, route] of all)
      if (route.takes === undefined) addRoute(scope, id, route, options)
  })
  await server.register(async (scope) => {
    acceptEvents(scope)
    for (const [id, route] of all) if (route.takes === 'events') addRoute(scope, id, route, options)
  })
}

export function addRoute(
  scope: FastifyInstance,
  id: string,
  route: AnyRoute,
  context: Omit<RegistrationOptions, 'routes'>,
): void {
  const { app, streams, admission } = context
  const load = loadClassOf(route)
  const hasBody = ['POST', 'PUT', 'PATCH'].includes(route.method)
  const begin = (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
    // Events take their turn when their bytes are there, group by group.
    if (load !== 'always' && load !== 'ingest') {
      expectTurn(request, reply, () => admission.enter(load, { signal: callerOf(request) }))
    }
    if (hasBody) countBody(request, reply, admission.bodies)
    done()
  }
  scope.route({
    method: route.method,
    url: route.path,
    // HEAD of a stream would never end.
    exposeHeadRoute:
      route.method === 'GET' && route.answerType !== 'text/event-stream' && route.head !== false,
    config: { quiet: route.quiet === true, load },
    schema: documentation(id, route),
    validatorCompiler: validatorCompiler as FastifySchemaCompiler<FastifySchema>,
    serializerCompiler: () => toJson,
    onRequest: hasBody && route.takes === undefined ? [begin, bodyDeadline(app)] : begin,
    handler: async (request, reply) => {
      void reply.code(route.status ?? 200).header('cache-control', 'no-store')
      if (route.answerType !== undefined) void reply.type(route.answerType)
      const tools: RouteTools = { app, streams, admission, reply }
      const handler = route.handler as (request: unknown, tools: RouteTools) => unknown
      const { params, query, body } = request
      const asked = {
        params,
        query,
        body,
        raw: request,
        get signal() {
          return clientSignal(request, reply)
        },
      }
      try {
        await takeTurn(request)
        return await handler(asked, tools)
      } finally {
        giveTurn(request)
      }
    },
  })
}

/** Of the requests under way whose handler looks whether the client is there. */
const signals = new WeakMap<FastifyRequest, AbortSignal>()

/** Few answers hold whole numbers beyond 2⁵³, and looking at every value for them takes longer than the rest of the writing. */
function toJson(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch (error) {
    if (error instanceof TypeError) return JSON.stringify(value, jsonNumbers)
    throw error
  }
}

const jsonNumbers = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint' ? value.toString() : value

function documentation(id: string, route: AnyRoute): Record<string, unknown> {
  const hasBody = route.body !== undefined || route.takes !== undefined
  const problems = new Set<number>([
    ...COMMON_PROBLEMS,
    ...(hasBody ? BODY_PROBLEMS : []),
    ...(route.problems ?? []),
  ])
  const answer =
    route.answerType === undefined
      ? route.answer
      : { content: { [route.answerType]: { schema: route.answer } }, description: route.summary }
  return {
    operationId: id.replaceAll('/', '.'),
    tags: [route.tag],
    summary: route.summary,
    params: route.params ?? (route.path.includes(':') ? undefined : nothing),
    querystring: route.query ?? nothing,
    ...(route.body === undefined ? {} : { body: route.body }),
    response: {
      [route.status ?? 200]: answer,
      ...Object.fromEntries(
        [...problems].toSorted((a, b) => a - b).map((status) => [status, problemAnswer]),
      ),
    },
  }
}

const problemAnswer = {
  description: 'A problem document (RFC 9457)',
  content: { 'application/problem+json': { schema: problemSchema } },
}

/** A JSON body that trickles in is answered with 408, whatever the connection still sends. */
function bodyDeadline(app: RunningApp) {
  return (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
    const { httpBodyTimeoutMs } = app.limits
    const cancel = app.clock.after(httpBodyTimeoutMs, () => {
      if (request.raw.complete || reply.sent) return
      sendProblem(
        reply,
        apiError(
          'API_REQUEST_TIMEOUT',
          `the body did not arrive within ${httpBodyTimeoutMs} ms: send it at once`,
        ),
      )
    })
    request.raw.once('close', cancel)
    request.raw.once('end', cancel)
    done()
  }
}

/** As the line before the turns looks at it, where a signal each would cost more than the look. */
const callerOf = ({ raw }: FastifyRequest): Caller => ({
  get aborted() {
    return raw.socket.destroyed
  },
  get reason() {
    return wentAway()
  },
})

const wentAway = (): Error => new Error('the client went away')

/** Aborts when the connection closes before the answer is out. Made when first asked for: few answers take long enough. */
function clientSignal(request: FastifyRequest, reply: FastifyReply): AbortSignal {
  const known = signals.get(request)
  if (known) return known
  const gone = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort(wentAway())
  })
  if (request.raw.socket.destroyed) gone.abort(wentAway())
  signals.set(request, gone.signal)
  return gone.signal
}

/**
 * The REST server of a running app: a Fastify instance with guards, problem documents, the table of routes, the app's own
 * routes, OpenAPI and the documentation page. It does not listen: tests inject, `listen.ts` opens the port.
 */
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import fastify, { type FastifyInstance } from 'fastify'
import type { RunningApp } from '../app/index.ts'
import { addAccessLog, requestId } from './access-log.ts'
import { createAdmission } from './admission/admission.ts'
import { createEarlyRefusal } from './admission/early-refusal.ts'
import { dropSlowReaders } from './admission/slow-readers.ts'
import { addAppRoutes, withoutDeclared } from './app-routes.ts'
import { answerBrokenRequest } from './broken-request.ts'
import { addDashboard } from './dashboard-page.ts'
import { createDrain } from './drain.ts'
import { addGuards, type GuardOptions } from './guards.ts'
import { createLiveStreams } from './live-streams.ts'
import { docsOptions, openApiOptions } from './openapi.ts'
import { sendProblem, toMillraceError } from './problem.ts'
import { addRoutes } from './route-registration.ts'
import { routes } from './routes.ts'
import { addSecurityHeaders } from './security-headers.ts'
import { addUnknownRoute } from './unknown-route.ts'

export type ServerOptions = Omit<GuardOptions, 'limits'>

/** Longest part of a path that the router looks at; names end at 249, sequences may be longer. */
const PATH_PART_BYTES_MAX = 1024

export function buildServer(app: RunningApp, options: ServerOptions = {}): FastifyInstance {
  const { limits } = app
  const admission = createAdmission(limits, app.clock, (load) =>
    app.record('http_server_refused_total', { load }, 1),
  )
  const nodeOptions = {
    requestTimeout: limits.httpRequestTimeoutMs,
    keepAliveTimeout: 72_000,
    headersTimeout: limits.httpHeadersTimeoutMs,
    connectionsCheckingInterval: 1_000,
    maxHeaderSize: limits.httpHeaderBytes,
  }
  const earlyRefusal = createEarlyRefusal(admission, nodeOptions, () => drain.isDraining())
  const server = fastify({
    logger: false,
    serverFactory: earlyRefusal.serverFactory,
    bodyLimit: limits.jsonBodyBytes,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    exposeHeadRoutes: true,
    genReqId: requestId(app),
    routerOptions: { maxParamLength: PATH_PART_BYTES_MAX },
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (error, request, reply) => {
      sendProblem(reply, toMillraceError(error, request, app.logger))
    },
  })
  server.server.maxConnections = limits.httpConnections
  const streams = createLiveStreams(limits)
  const drain = createDrain(server, streams, app.clock)
  server.addHook('onClose', (_server, done) => {
    admission.close()
    done()
  })
  dropSlowReaders(server, limits, app.clock)
  earlyRefusal.watchRoutes(server)
  server.setErrorHandler((error, request, reply) => {
    sendProblem(reply, toMillraceError(error, request, app.logger))
  })
  addSecurityHeaders(server)
  addAccessLog(server, app)
  addGuards(server, { ...options, limits }, drain.isDraining)
  void server.register(swagger, openApiOptions(app))
  void server.register(swaggerUi, docsOptions(app))
  void server.register(addRoutes, {
    app,
    streams,
    admission,
    routes: withoutDeclared(routes, app),
  })
  addDashboard(server)
  void server.register(addAppRoutes, { app, streams, admission })
  addUnknownRoute(server, app)
  return server
}

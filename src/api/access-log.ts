/** One log line and one observation of `http_server_request_duration_seconds` a call. Paths only: queries may hold secrets. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { RunningApp } from '../app/index.ts'
import { newId } from '../core/index.ts'
import { pathOf } from './problem.ts'

/** A caller's own request id is taken when it is harmless in logs and headers. */
const REQUEST_ID = /^[A-Za-z0-9._~-]{1,128}$/

export const requestId =
  (app: RunningApp) =>
  (request: { headers: Readonly<Record<string, string | string[] | undefined>> }): string => {
    const given = request.headers['x-request-id']
    return typeof given === 'string' && REQUEST_ID.test(given) ? given : newId(app.clock.now())
  }

export function addAccessLog(server: FastifyInstance, app: RunningApp): void {
  const logger = app.logger.child({ component: 'api' })
  server.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id)
    done()
  })
  server.addHook('onResponse', (request, reply, done) => {
    const seconds = reply.elapsedTime / 1000
    const route = request.routeOptions.url ?? 'unmatched'
    app.record(
      'http_server_request_duration_seconds',
      { method: request.method, route, status: reply.statusCode },
      seconds,
    )
    if (!isQuiet(request)) {
      logger.info(
        {
          requestId: request.id,
          method: request.method,
          path: pathOf(request),
          status: reply.statusCode,
          durationMs: Math.round(seconds * 1e6) / 1e3,
        },
        'request',
      )
    }
    done()
  })
}

/** Probes come every second; they are counted and not logged. */
const isQuiet = (request: FastifyRequest): boolean => request.routeOptions.config.quiet === true

declare module 'fastify' {
  interface FastifyContextConfig {
    quiet?: boolean
  }
}

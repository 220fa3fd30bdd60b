/** The routes that an app declares for itself: validated, documented, limited and measured like the product's own. */
import type { FastifyInstance, FastifyReply } from 'fastify'
import {
  appError,
  eventCalls,
  type RouteContext,
  type RouteDefinition,
  type RunningApp,
} from '../app/index.ts'
import type { AnyRoute } from './define-route.ts'
import { eventRoutes } from './event-routes.ts'
import { setPredictionHeaders } from './prediction-headers.ts'
import { acceptJson } from './request-body.ts'
import { addRoute, type RegistrationOptions } from './route-registration.ts'

export async function addAppRoutes(
  server: FastifyInstance,
  context: Omit<RegistrationOptions, 'routes'>,
): Promise<void> {
  const { app } = context
  const declared = app.definition.routes ?? []
  acceptJson(server, app.limits)
  for (const route of declared) {
    for (const path of pathsOf(route)) {
      addRoute(server, appRouteId(route.method, path), ofApp(route, path, app), context)
    }
  }
  for (const [id, route] of Object.entries(eventRoutes(app))) addRoute(server, id, route, context)
}

/** A prediction inside a route names its version in the headers too, and its request in the prediction log. */
function contextOf(app: RunningApp, requestId: string, reply: FastifyReply): RouteContext {
  return {
    ...app.routes,
    async predict(model, rows, options) {
      const answer = await app.routes.predict(model, rows, { requestId, ...options })
      setPredictionHeaders(reply, answer)
      return answer
    },
  }
}

/** The table without `/` when the app declares it. Other paths of ours cannot be taken: Throws APP_INVALID. */
export function withoutDeclared(
  table: Readonly<Record<string, AnyRoute>>,
  app: RunningApp,
): Record<string, AnyRoute> {
  const declared = new Set([
    ...(app.definition.routes ?? []).flatMap((route) =>
      pathsOf(route).map((path) => `${route.method} ${path}`),
    ),
    ...eventCalls(app.definition),
  ])
  return Object.fromEntries(
    Object.entries(table).filter(([, { method, path }]) => {
      if (!declared.has(`${method} ${path}`)) return true
      if (path === '/') return false
      throw appError(
        'APP_INVALID',
        `route ${method} ${path} is one of Millrace's own: choose another path`,
      )
    }),
  )
}

const pathsOf = ({ path, aliases = [] }: RouteDefinition): string[] => [path, ...aliases]

const appRouteId = (method: string, path: string): string =>
  `app/${method.toLowerCase()}${path.replaceAll(/[^A-Za-z0-9]+/g, '-')}`

function ofApp(route: RouteDefinition, path: string, app: RunningApp): AnyRoute {
  return {
    method: route.method,
    path,
    tag: 'app',
    summary: path === route.path ? route.summary : `${route.summary} (as ${route.path})`,
    ...(route.params ? { params: route.params } : {}),
    ...(route.query ? { query: route.query } : {}),
    ...(route.body ? { body: route.body } : {}),
    answer: route.answer,
    problems: [404],
    handler: ({ params, query, body, raw }, { reply }) =>
      route.handler({ params, query, body }, contextOf(app, raw.id, reply)),
  }
}

/** 404 for a path that nobody serves, 405 with Allow for a path that is served under another method. */
import type { FastifyInstance } from 'fastify'
import type { RunningApp } from '../app/index.ts'
import { quote } from '../core/index.ts'
import { apiError } from './errors.ts'
import { pathOf, sendProblem } from './problem.ts'

export function addUnknownRoute(server: FastifyInstance, app: RunningApp): void {
  const known: { pattern: RegExp; methods: Set<string> }[] = []
  const byUrl = new Map<string, { pattern: RegExp; methods: Set<string> }>()
  server.addHook('onRoute', ({ url, method }) => {
    let entry = byUrl.get(url)
    if (!entry) {
      entry = { pattern: pathPattern(url), methods: new Set() }
      byUrl.set(url, entry)
      known.push(entry)
    }
    for (const one of Array.isArray(method) ? method : [method]) entry.methods.add(one)
  })
  server.setNotFoundHandler((request, reply) => {
    const path = pathOf(request)
    const methods = new Set(
      known.filter(({ pattern }) => pattern.test(path)).flatMap((entry) => [...entry.methods]),
    )
    if (methods.size > 0 && !methods.has(request.method)) {
      const allow = [...methods].toSorted().join(', ')
      void reply.header('allow', allow)
      return sendProblem(
        reply,
        apiError('API_METHOD_NOT_ALLOWED', `${request.method} is not known here: use ${allow}`),
      )
    }
    return sendProblem(
      reply,
      apiError(
        'API_UNKNOWN_ROUTE',
        `there is no route ${quote(path)} in app ${app.definition.name}: GET /openapi.json lists them all`,
      ),
    )
  })
}

function pathPattern(url: string): RegExp {
  const parts = url.split('/').map((part) => {
    if (part.startsWith(':')) return '[^/]+'
    if (part === '*') return '.*'
    return part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`)
  })
  return new RegExp(`^${parts.join('/')}$`)
}

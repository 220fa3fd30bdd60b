/** The dashboard's files under `/ui`: a folder of this package, read once. `/` leads a browser there (design D18). */
import { readFileSync } from 'node:fs'
import type { FastifyInstance } from 'fastify'

/** The package's own folder, from `src/api` and from `dist/api`. */
const folder = new URL('../../dashboard/', import.meta.url)

const FILES = {
  '/ui': ['index.html', 'text/html; charset=utf-8'],
  '/ui/dashboard.css': ['dashboard.css', 'text/css; charset=utf-8'],
  '/ui/dashboard.js': ['dashboard.js', 'text/javascript; charset=utf-8'],
  '/ui/icon.svg': ['icon.svg', 'image/svg+xml'],
} as const

export function addDashboard(server: FastifyInstance): void {
  for (const [url, [name, type]] of Object.entries(FILES)) {
    const bytes = readFileSync(new URL(name, folder))
    server.get(url, { schema: { hide: true } }, (_request, reply) =>
      reply.type(type).header('cache-control', 'no-cache').send(bytes),
    )
  }
  server.get('/ui/', { schema: { hide: true } }, (_request, reply) => reply.redirect('/ui', 308))
}

/**
 * The security headers of every answer: what `helmet` sets, worked out once. As a plug-in it builds its policies anew for each
 * request and sets them one by one.
 */
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import helmet from 'helmet'

/** Pages of ours load nothing from elsewhere, run no inline script and are framed by nobody. Plain HTTP stays plain HTTP. */
const protect = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'self'"],
      baseUri: ["'none'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
      objectSrc: ["'none'"],
    },
  },
  strictTransportSecurity: false,
  xFrameOptions: { action: 'deny' },
})

/** A route that sets one of them again has its own. */
export function addSecurityHeaders(server: FastifyInstance): void {
  const headers = Object.entries(securityHeaders())
  server.addHook('onRequest', (_request, reply, done) => {
    for (const [name, value] of headers) void reply.header(name, value)
    done()
  })
}

function securityHeaders(): Record<string, unknown> {
  const request = new IncomingMessage(new Socket())
  const answer = new ServerResponse(request)
  protect(request, answer, (error) => {
    if (error !== undefined) throw error
  })
  return answer.getHeaders()
}

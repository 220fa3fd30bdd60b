/**
 * What every answer tells a browser: pages of ours load nothing from elsewhere, run no inline script and are framed by nobody.
 * No Strict-Transport-Security: plain HTTP stays plain HTTP. The same for all answers, so it is a table and no plug-in that
 * works it out for each.
 */
import type { FastifyInstance } from 'fastify'

const SECURITY_HEADERS = {
  'content-security-policy':
    "default-src 'self';base-uri 'none';form-action 'self';frame-ancestors 'none';object-src 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'origin-agent-cluster': '?1',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-dns-prefetch-control': 'off',
  'x-download-options': 'noopen',
  'x-frame-options': 'DENY',
  'x-permitted-cross-domain-policies': 'none',
  'x-xss-protection': '0',
} as const

export function addSecurityHeaders(server: FastifyInstance): void {
  server.addHook('onRequest', (_request, reply, done) => {
    void reply.headers(SECURITY_HEADERS)
    done()
  })
}

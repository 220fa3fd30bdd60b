/**
 * What a request must pass before any route sees it: it names this server (Host), a page that changes something is of this
 * server (Origin), its headers are few, its charset is UTF-8, and the server is not stopping.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { coreError, quote, type Limits } from '../core/index.ts'
import { appError } from '../app/index.ts'
import { apiError } from './errors.ts'
import { mediaType } from './request-body.ts'

export interface GuardOptions {
  readonly limits: Limits
  /** Further names that the Host header may have, without port. `*` takes any. */
  readonly allowedHosts?: readonly string[]
  /** Origins besides the server's own that may change something, for example `https://console.example`. */
  readonly allowedOrigins?: readonly string[]
}

/** Longest request target, bytes. */
const URL_BYTES_MAX = 8 * 1024

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'] as const
const READ_ONLY = new Set(['GET', 'HEAD', 'OPTIONS'])

export function isLoopback(host: string): boolean {
  const name = host.toLowerCase()
  return (
    name === 'localhost' || name === '::1' || name === '[::1]' || /^127(\.\d{1,3}){3}$/.test(name)
  )
}

/** The name in a Host header, without port. */
const hostName = (host: string): string =>
  host.toLowerCase().replace(/:\d+$/, '').replace(/\.$/, '')

export function addGuards(
  server: FastifyInstance,
  options: GuardOptions,
  isDraining: () => boolean,
): void {
  const hosts = new Set<string>([
    ...LOOPBACK_NAMES,
    ...(options.allowedHosts ?? []).map((host) => host.toLowerCase()),
  ])
  const origins = new Set(options.allowedOrigins ?? [])
  server.addHook('onRequest', (request, reply, done) => {
    if (isDraining()) {
      void reply.header('connection', 'close')
      throw appError('APP_STOPPING', 'the server is stopping: try again when it is back')
    }
    checkSizes(request, options.limits)
    checkHost(request, hosts)
    checkOrigin(request, origins)
    if (request.headers['content-type'] !== undefined) mediaType(request)
    done()
  })
}

function checkSizes(request: FastifyRequest, limits: Limits): void {
  if (request.url.length > URL_BYTES_MAX) {
    throw apiError('API_URI_TOO_LONG', `the URL is longer than ${URL_BYTES_MAX} bytes: shorten it`)
  }
  const headers = request.raw.rawHeaders.length / 2
  if (headers > limits.httpHeaderCount) {
    throw apiError(
      'API_HEADERS_TOO_LARGE',
      `the request has more than ${limits.httpHeaderCount} headers: send fewer`,
    )
  }
}

function checkHost(request: FastifyRequest, hosts: ReadonlySet<string>): void {
  // Node hands on the first of several; a proxy before it may have looked at another (RFC 9112, section 3.2).
  if (count(request.raw.rawHeaders, 'host') > 1) {
    throw apiError('API_BAD_REQUEST', 'the request has more than one Host header: send one')
  }
  const name = hostName(request.headers.host ?? '')
  if (hosts.has('*') || hosts.has(name)) return
  throw apiError(
    'API_FOREIGN_HOST',
    `the Host header ${quote(name)} is not a name of this server: use localhost or 127.0.0.1, or start it with --allow-host ${name}`,
  )
}

/** How often a header is among `raw`, names and values by turns. */
function count(raw: readonly string[], header: string): number {
  let found = 0
  for (let at = 0; at < raw.length; at += 2) if (raw[at]?.toLowerCase() === header) found++
  return found
}

/** A browser sends Origin with everything that changes something; another site's page is refused. */
function checkOrigin(request: FastifyRequest, origins: ReadonlySet<string>): void {
  const origin = request.headers.origin
  if (origin === undefined || READ_ONLY.has(request.method) || origins.has(origin)) return
  if (origin === `http://${request.headers.host ?? ''}`) return
  throw apiError(
    'API_FOREIGN_ORIGIN',
    `a page of ${quote(origin)} may not change anything here: call from this server's own pages, or start it with --allow-origin ${origin}`,
  )
}

/** Throws API_NOT_LOOPBACK for an address that others can reach, unless the caller said twice that this is meant. */
export function checkListenAddress(host: string, acceptsRisk: boolean): void {
  if (host.trim() === '') {
    throw coreError('CORE_INVALID_INPUT', 'the host is empty: use 127.0.0.1')
  }
  if (isLoopback(host) || acceptsRisk) return
  throw apiError(
    'API_NOT_LOOPBACK',
    `listening on ${quote(host)} would let everyone who reaches it read, write and delete: use 127.0.0.1 behind a proxy that checks who calls, or add --insecure-no-keys if this network is yours alone`,
    { details: { host } },
  )
}

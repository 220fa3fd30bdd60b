/**
 * Refuses with as little work as can be: under ten times the load, nine answers of ten are this one, and what each costs is
 * taken from the tenth. So it comes before every other hook, is written whole, and is counted but
 * not logged.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { apiError } from '../errors.ts'
import { PROBLEM_TYPE, problemOf } from '../problem.ts'
import type { Admission } from './admission.ts'
import type { LoadClass } from './load-class.ts'

/** A body up to here is read and dropped, so that the connection can go on; of a larger one the rest is not waited for. */
const DROPPED_BYTES = 64 * 1024

export function refuseQuickly(server: FastifyInstance, admission: Admission): void {
  server.addHook('onRequest', (request, reply, done) => {
    const { load = 'always' } = request.routeOptions.config
    if (load === 'always' || admission.hasRoom(load)) done()
    else answer(request, reply)
  })
}

const BODY = JSON.stringify(
  problemOf(
    apiError('API_OVERLOADED', 'more requests came than can be answered: try again in a second'),
  ),
)
const HEADERS = {
  'content-type': PROBLEM_TYPE,
  'content-length': String(Buffer.byteLength(BODY)),
  'cache-control': 'no-store',
  'retry-after': '1',
  'x-content-type-options': 'nosniff',
}

const refused = new WeakSet<FastifyRequest>()

/** True for what was refused here: it is counted, and a line each would cost more than the answer. */
export const wasRefusedQuickly = (request: FastifyRequest): boolean => refused.has(request)

function answer(request: FastifyRequest, reply: FastifyReply): void {
  const { raw, headers } = request
  refused.add(request)
  reply.hijack()
  const isSmall =
    headers['transfer-encoding'] === undefined &&
    Number(headers['content-length'] ?? 0) <= DROPPED_BYTES
  if (!isSmall) reply.raw.once('finish', () => raw.destroy())
  reply.raw.writeHead(503, isSmall ? HEADERS : { ...HEADERS, connection: 'close' })
  reply.raw.end(BODY)
}

declare module 'fastify' {
  interface FastifyContextConfig {
    load?: LoadClass | 'always'
  }
}

/**
 * Refuses with as little work as can be: under ten times the load, nine answers of ten are this one, and what each costs is
 * taken from the tenth. So it is asked as soon as Node has the headers, before the framework makes anything of the request, is
 * written whole, and is counted and not logged.
 */
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerOptions,
} from 'node:http'
import type { FastifyInstance, FastifyServerFactory } from 'fastify'
import { apiError } from '../errors.ts'
import { PROBLEM_TYPE, problemOf } from '../problem.ts'
import type { Admission } from './admission.ts'
import { createLoadTable, type LoadTable } from './load-table.ts'
import type { LoadClass } from './load-class.ts'

export interface EarlyRefusal {
  /** For the framework: a server of Node that refuses before it hands on. */
  readonly serverFactory: FastifyServerFactory
  /** Learns the classes of all routes that are added from now on. */
  watchRoutes(server: FastifyInstance): void
}

/** A body up to here is read and dropped, so that the connection can go on; of a larger one the rest is not waited for. */
const DROPPED_BYTES = 64 * 1024

/** `options` of Node's server, which the framework leaves to the factory. */
export function createEarlyRefusal(
  admission: Admission,
  options: ServerOptions,
  isStopping: () => boolean,
): EarlyRefusal {
  const table = createLoadTable()
  return {
    serverFactory: (handle) => {
      const server = createServer(options)
      server.on('connection', () => admission.sawConnection())
      return server.on('request', refusing(handle, table, admission, isStopping))
    },
    watchRoutes(server) {
      server.addHook('onRoute', ({ method, url, config }) => {
        const load = config?.load ?? 'always'
        if (load !== 'always') for (const one of [method].flat()) table.add(one, url, load)
      })
    },
  }
}

function refusing(
  handle: RequestListener,
  table: LoadTable,
  admission: Admission,
  isStopping: () => boolean,
): RequestListener {
  return (request, response) => {
    const load = table.find(request.method ?? '', request.url ?? '')
    // A server that stops has its own answer.
    if (load === undefined || admission.hasRoom(load) || isStopping()) {
      handle(request, response)
      return
    }
    const isSmall = hasSmallBody(request)
    if (!isSmall) response.once('finish', () => request.destroy())
    response.writeHead(503, isSmall ? HEADERS : CLOSING)
    response.end(BODY)
  }
}

const BODY = JSON.stringify(
  problemOf(
    apiError('API_OVERLOADED', 'more requests came than can be answered: try again in a second'),
  ),
)
const HEADERS = Object.entries({
  'content-type': PROBLEM_TYPE,
  'content-length': String(Buffer.byteLength(BODY)),
  'cache-control': 'no-store',
  'retry-after': '1',
  'x-content-type-options': 'nosniff',
}).flat()
const CLOSING = [...HEADERS, 'connection', 'close']

const hasSmallBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] === undefined &&
  Number(headers['content-length'] ?? 0) <= DROPPED_BYTES

declare module 'fastify' {
  interface FastifyContextConfig {
    load?: LoadClass | 'always'
  }
}

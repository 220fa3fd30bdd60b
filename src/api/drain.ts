/**
 * The graceful stop: from `server.close()` on, no new connection is taken, a request on an open connection gets 503 with
 * `Connection: close`, live streams end, and what had begun is finished.
 */
import type { FastifyInstance } from 'fastify'
import type { LiveStreams } from './live-streams.ts'

export interface Drain {
  readonly isDraining: () => boolean
}

export function createDrain(server: FastifyInstance, streams: LiveStreams): Drain {
  let draining = false
  server.addHook('preClose', (done) => {
    draining = true
    streams.close()
    done()
  })
  server.addHook('onSend', (_request, reply, _payload, done) => {
    // A keep-alive connection would hold the stop open until its client lets go.
    if (draining) void reply.header('connection', 'close')
    done()
  })
  return { isDraining: () => draining }
}

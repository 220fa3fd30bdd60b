/**
 * The graceful stop: from `server.close()` on, no new connection is taken, a request on an open connection gets 503 with
 * `Connection: close`, live streams end, and what had begun is finished, or cut after the drain limit.
 */
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Clock } from '../core/index.ts'
import type { LiveStreams } from './live-streams.ts'

/** With what the app needs to close, a stop stays below ten seconds. */
const DRAIN_MS = 4_000

export interface Drain {
  readonly isDraining: () => boolean
}

export function createDrain(server: FastifyInstance, streams: LiveStreams, clock: Clock): Drain {
  let draining = false
  let cancel: (() => void) | undefined
  const sockets = new Set<Socket>()
  server.server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.addHook('preClose', (done) => {
    draining = true
    streams.close()
    // Node counts a connection that never sent a byte as busy until its headers time out.
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
    cancel = clock.after(DRAIN_MS, () => server.server.closeAllConnections())
    done()
  })
  server.addHook('onClose', (_server, done) => {
    cancel?.()
    done()
  })
  server.addHook('onSend', (_request, reply, _payload, done) => {
    // A keep-alive connection would hold the stop open until its client lets go.
    if (draining) void reply.header('connection', 'close')
    done()
  })
  return { isDraining: () => draining }
}

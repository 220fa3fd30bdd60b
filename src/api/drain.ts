/**
 * The graceful stop: from `server.close()` on, a request gets 503 with `Connection: close`, live streams end, and what had begun
 * is finished, or cut after the drain limit. Connections that wait for their next request are left open for a moment first: a
 * client that is just sending would otherwise see its request broken off, and could not know whether it was done.
 */
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Clock } from '../core/index.ts'
import type { LiveStreams } from './live-streams.ts'

/** With what the app needs to close, a stop stays below ten seconds. */
const DRAIN_MS = 4_000
/** Who asks again and again has asked within this time. */
const LAST_REQUESTS_MS = 200

export interface Drain {
  readonly isDraining: () => boolean
}

export function createDrain(server: FastifyInstance, streams: LiveStreams, clock: Clock): Drain {
  let draining = false
  let cancel: (() => void) | undefined
  const sockets = new Set<Socket>()
  let taken = 0
  server.server.on('connection', (socket) => {
    taken++
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.addHook('preClose', async () => {
    draining = true
    streams.close()
    await lastRequests(sockets, clock)
    // Who was taken in just now has not had the time to ask. Node counts a connection that never sent a byte as busy until its
    // headers time out.
    const cancelFirst = clock.after(LAST_REQUESTS_MS, () => {
      for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
    })
    const cancelLast = clock.after(DRAIN_MS, () => server.server.closeAllConnections())
    cancel = () => {
      cancelFirst()
      cancelLast()
    }
    await takeIn(() => taken)
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

/** Rounds of the event loop in which what waits in the kernel's line is taken in, at the most. */
const MOST_ROUNDS = 512

/** A port that closes breaks off what waits to be taken in, and Node takes in one connection a round: until none came. */
async function takeIn(taken: () => number): Promise<void> {
  let before = -1
  for (let round = 0; taken() !== before && round < MOST_ROUNDS; round++) {
    before = taken()
    // Two, as a round may be the end of the one that began before it.
    for (let once = 0; once < 2; once++) await new Promise((resolve) => void setImmediate(resolve))
  }
}

/** Resolves when no connection is open, or after a moment. */
function lastRequests(sockets: ReadonlySet<Socket>, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    if (sockets.size === 0) return resolve()
    const cancel = clock.after(LAST_REQUESTS_MS, resolve)
    for (const socket of sockets) {
      socket.once('close', () => {
        if (sockets.size > 0) return
        cancel()
        resolve()
      })
    }
  })
}

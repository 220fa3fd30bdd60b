/**
 * Answers that nobody reads. An answer leaves the process as fast as its reader takes it, so what is unread stays in memory:
 * a connection that takes nothing for `httpStallTimeoutMs` is broken off, and when all unread answers together pass
 * `httpUnreadBytes`, the oldest of them are.
 */
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Clock, Limits } from '../../core/index.ts'

const SWEEP_MS = 1_000
/** The kernel takes so much of an answer at once; smaller ones are seen by the sweep alone. */
const LARGE_BYTES = 64 * 1024

export function dropSlowReaders(server: FastifyInstance, limits: Limits, clock: Clock): void {
  const sockets = new Map<Socket, { written: number; since: number }>()
  /** Large answers that are not taken whole, oldest first. */
  const unread = new Map<object, { readonly socket: Socket; readonly bytes: number }>()
  let unreadBytes = 0
  let cancel = (): void => {}

  server.server.on('connection', (socket) => {
    sockets.set(socket, { written: 0, since: clock.monotonic() })
    socket.once('close', () => sockets.delete(socket))
  })

  const sweep = (): void => {
    const now = clock.monotonic()
    for (const [socket, seen] of sockets) {
      // Of what was written, what the kernel has taken.
      const written = socket.bytesWritten - socket.writableLength
      if (socket.writableLength === 0 || written > seen.written) {
        seen.written = written
        seen.since = now
      } else if (now - seen.since >= limits.httpStallTimeoutMs) socket.destroy()
    }
    cancel = clock.after(SWEEP_MS, sweep)
  }
  cancel = clock.after(SWEEP_MS, sweep)

  server.addHook('onSend', (_request, reply, payload, done) => {
    done()
    if (typeof payload !== 'string' && !Buffer.isBuffer(payload)) return
    if (payload.length < LARGE_BYTES || !reply.raw.socket) return
    const { raw } = reply
    const bytes = payload.length
    unread.set(raw, { socket: reply.raw.socket, bytes })
    unreadBytes += bytes
    const settle = (): void => {
      if (unread.delete(raw)) unreadBytes -= bytes
    }
    raw.once('finish', settle)
    raw.once('close', settle)
    for (const [, oldest] of unread) {
      if (unreadBytes <= limits.httpUnreadBytes) break
      if (oldest.socket !== raw.socket) oldest.socket.destroy()
    }
  })
  server.addHook('onClose', (_server, done) => {
    cancel()
    done()
  })
}

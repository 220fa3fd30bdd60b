/**
 * Server-sent events (WHATWG HTML, section 9.2): frames with an id, so a client that reconnects says where it was by
 * `Last-Event-ID`. A reader that does not read is dropped after the stall limit; nothing piles up for it.
 */
import type { FastifyReply } from 'fastify'
import type { Clock } from '../core/index.ts'

/** A comment so often keeps proxies from closing a quiet stream. */
const HEARTBEAT_MS = 15_000

export interface EventStream {
  /** Resolves when the frame is taken by the connection. False: the reader is gone. */
  send(frame: { id?: string; event?: string; data: string }): Promise<boolean>
  close(): void
}

export function openEventStream(
  reply: FastifyReply,
  options: { clock: Clock; stallMs: number; signal: AbortSignal },
): EventStream {
  const { clock, signal } = options
  reply.hijack()
  const response = reply.raw
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) response.setHeader(name, value)
  }
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    // Nothing follows a stream, and a connection that is kept would hold up the drain.
    connection: 'close',
  })
  response.write(': open\n\n')
  let cancelBeat: (() => void) | undefined
  const beat = (): void => {
    cancelBeat = clock.after(HEARTBEAT_MS, () => {
      if (!response.writableEnded && !response.writableNeedDrain) response.write(': \n\n')
      beat()
    })
  }
  beat()
  response.once('close', () => cancelBeat?.())
  return {
    async send({ id, event, data }) {
      if (signal.aborted || response.writableEnded || response.destroyed) return false
      const head = `${id === undefined ? '' : `id: ${id}\n`}${event === undefined ? '' : `event: ${event}\n`}`
      if (response.write(`${head}data: ${data}\n\n`)) return true
      return drained(response, clock, options.stallMs, signal)
    },
    close() {
      cancelBeat?.()
      response.end()
    },
  }
}

function drained(
  response: FastifyReply['raw'],
  clock: Clock,
  stallMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  return new Promise((resolve) => {
    const finish = (ok: boolean): void => {
      cancel()
      response.off('drain', onDrain)
      response.off('close', onClose)
      signal.removeEventListener('abort', onClose)
      resolve(ok)
    }
    const onDrain = (): void => finish(true)
    const onClose = (): void => finish(false)
    const cancel = clock.after(stallMs, () => {
      response.destroy()
      finish(false)
    })
    response.once('drain', onDrain)
    response.once('close', onClose)
    signal.addEventListener('abort', onClose, { once: true })
  })
}

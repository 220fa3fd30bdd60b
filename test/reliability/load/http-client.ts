/**
 * HTTP/1.1 with as little work a request as possible, so that one process can offer more than a server on the same machine
 * can answer. Connections are kept; a request without a free one opens another.
 */
import { connect, type Socket } from 'node:net'

export interface Reply {
  readonly status: number
  readonly hasRetryAfter: boolean
  readonly ms: number
}

export interface LoadClient {
  /** Resolves to undefined when no answer came in time, or the connection was closed without one. */
  send(request: Buffer): Promise<Reply | undefined>
  close(): void
  readonly connections: number
}

const END_OF_HEAD = Buffer.from('\r\n\r\n')

/** A whole request for `host`. */
export function requestBytes(
  url: string,
  method: 'GET' | 'POST',
  path: string,
  body = '',
  type = 'application/json',
): Buffer {
  const { host } = new URL(url)
  const content =
    method === 'GET'
      ? ''
      : `content-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`
  return Buffer.from(`${method} ${path} HTTP/1.1\r\nhost: ${host}\r\n${content}\r\n${body}`)
}

export function openLoadClient(url: string, timeoutMs: number): LoadClient {
  const { hostname, port } = new URL(url)
  const idle: Socket[] = []
  const all = new Set<Socket>()

  const open = (): Socket => {
    const socket = connect({ port: Number(port), host: hostname, noDelay: true })
    all.add(socket)
    // Whoever waits for an answer hears of the end by `close`.
    socket.on('error', () => socket.destroy())
    socket.once('close', () => {
      all.delete(socket)
      const at = idle.indexOf(socket)
      if (at >= 0) idle.splice(at, 1)
    })
    return socket
  }

  return {
    get connections() {
      return all.size
    },
    send(request) {
      const began = performance.now()
      const socket = idle.pop() ?? open()
      return new Promise((resolve) => {
        let received: Buffer = Buffer.alloc(0)
        const settle = (reply: Reply | undefined, isKept: boolean): void => {
          clearTimeout(timer)
          socket.off('data', onData)
          socket.off('close', onClose)
          if (isKept) idle.push(socket)
          else socket.destroy()
          resolve(reply)
        }
        const onClose = (): void => settle(undefined, false)
        const onData = (bytes: Buffer): void => {
          received = received.length === 0 ? bytes : Buffer.concat([received, bytes])
          const end = received.indexOf(END_OF_HEAD)
          if (end < 0) return
          const head = received.toString('latin1', 0, end).toLowerCase()
          const length = Number(/\r\ncontent-length: (\d+)/.exec(head)?.[1] ?? 0)
          if (received.length < end + END_OF_HEAD.length + length) return
          const reply = {
            status: Number(head.slice(9, 12)),
            hasRetryAfter: head.includes('\r\nretry-after: '),
            ms: performance.now() - began,
          }
          settle(reply, !head.includes('\r\nconnection: close'))
        }
        const timer = setTimeout(() => settle(undefined, false), timeoutMs)
        socket.on('data', onData)
        socket.once('close', onClose)
        socket.write(request)
      })
    },
    close() {
      for (const socket of all) socket.destroy()
    },
  }
}

/** A load generator over bare sockets: so many connections, on each one request after the other, every answer 2xx or it throws. */
import { once } from 'node:events'
import { connect } from 'node:net'

export interface Load {
  readonly port: number
  readonly path: string
  readonly contentType: string
  /** The body of request `index`. */
  readonly body: (index: number) => Buffer
  readonly requests: number
  readonly connections: number
}

const END_OF_HEAD = '\r\n\r\n'

/** Seconds from the first request to the last answer. */
export async function sendAll(load: Load): Promise<number> {
  let next = 0
  const began = performance.now()
  await Promise.all(
    Array.from({ length: load.connections }, async () => {
      const socket = connect(load.port, '127.0.0.1')
      socket.setNoDelay(true)
      await once(socket, 'connect')
      try {
        while (next < load.requests) {
          socket.write(requestOf(load, next++))
          await answerOf(socket)
        }
      } finally {
        socket.destroy()
      }
    }),
  )
  return (performance.now() - began) / 1_000
}

function requestOf({ path, contentType, body }: Load, index: number): Buffer {
  const bytes = body(index)
  const head = `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: ${contentType}\r\ncontent-length: ${bytes.length}${END_OF_HEAD}`
  return Buffer.concat([Buffer.from(head), bytes])
}

/** Answers have a content-length, on both sides. */
function answerOf(socket: ReturnType<typeof connect>): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = ''
    const done = (): void => {
      socket.off('data', onData)
      socket.off('close', onClose)
    }
    const onClose = (): void => reject(new Error(`the connection ended after: ${text}`))
    const onData = (bytes: Buffer): void => {
      text += bytes.toString('latin1')
      const end = text.indexOf(END_OF_HEAD)
      if (end < 0) return
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0)
      if (text.length < end + END_OF_HEAD.length + length) return
      done()
      if (text.startsWith('HTTP/1.1 2')) resolve()
      else reject(new Error(text))
    }
    socket.on('data', onData)
    socket.once('close', onClose)
  })
}

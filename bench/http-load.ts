/** A load of GET requests, or POST where they have a body, over connections that stay open: raw sockets, since the generator shares the machine with the server. */
import { connect, type Socket } from 'node:net'

export interface Requests {
  readonly port: number
  readonly connections: number
  readonly path: string | ((request: number) => string)
  /** Sent by POST. Absent: GET. */
  readonly body?: ((request: number) => string | Buffer) | undefined
  /** Of the bodies. Default `application/json`. */
  readonly contentType?: string
}

/** Of a warm-up: all at once would wait in line while the first answers take many times as long as later ones, and be refused. */
const FEW = 4

/** Every answer is 2xx, or what waits for it rejects. */
export interface HttpLoad {
  /** So many in all, few at once: until what is kept was made, and what runs often is compiled. */
  warmUp(requests: number): Promise<void>
  /** As many at once as there are connections, for a time; answers a second. */
  closed(milliseconds: number): Promise<number>
  /** As many at once as there are connections, so many in all; seconds from the first request to the last answer. */
  count(requests: number): Promise<number>
  /**
   * Requests at a constant rate whatever the answers take; milliseconds from when each was due to when it was answered, so a server
   * that stalls is charged for everybody who had to wait.
   */
  open(rate: number, milliseconds: number): Promise<Float64Array>
  close(): void
}

export async function openHttpLoad(requests: Requests): Promise<HttpLoad> {
  const { path, body } = requests
  const pathOf = typeof path === 'string' ? () => path : path
  const idle: Connection[] = []
  for (let n = 0; n < requests.connections; n++) idle.push(await openConnection(requests))
  const all = [...idle]
  let sent = 0
  const ask = (connection: Connection): Promise<void> => {
    const request = sent++
    return connection.ask(pathOf(request), body?.(request))
  }
  /** Each connection asks again when it is answered, while `goesOn`; seconds that all of it took. */
  const inTurn = async (goesOn: () => boolean, clients = all): Promise<number> => {
    const began = performance.now()
    const client = async (connection: Connection): Promise<void> => {
      while (goesOn()) await ask(connection)
    }
    await Promise.all(clients.map(client))
    return (performance.now() - began) / 1_000
  }
  return {
    async warmUp(requests) {
      const last = sent + requests
      await inTurn(() => sent < last, all.slice(0, FEW))
    },
    async closed(milliseconds) {
      const first = sent
      const until = performance.now() + milliseconds
      const seconds = await inTurn(() => performance.now() < until)
      return (sent - first) / seconds
    },
    count(requests) {
      const last = sent + requests
      return inTurn(() => sent < last)
    },
    async open(rate, milliseconds) {
      const count = Math.floor((rate * milliseconds) / 1_000)
      const latencies = new Float64Array(count)
      const waiting: number[] = []
      const began = performance.now()
      const dueAt = (request: number): number => began + (request * 1_000) / rate
      let answered = 0
      await new Promise<void>((resolve, reject) => {
        const send = (request: number, connection: Connection): void => {
          ask(connection).then(() => {
            latencies[request] = performance.now() - dueAt(request)
            answered += 1
            const next = waiting.shift()
            if (next === undefined) idle.push(connection)
            else send(next, connection)
            if (answered === count) resolve()
          }, reject)
        }
        let due = 0
        const tick = (): void => {
          for (; due < count && dueAt(due) <= performance.now(); due++) {
            const connection = idle.pop()
            if (connection === undefined) waiting.push(due)
            else send(due, connection)
          }
          if (due < count) setTimeout(tick, 1)
        }
        tick()
      })
      return latencies.toSorted()
    },
    close() {
      for (const connection of all) connection.close()
    },
  }
}

interface Connection {
  ask(path: string, body?: string | Buffer): Promise<void>
  close(): void
}

const END_OF_HEAD = '\r\n\r\n'

async function openConnection({
  port,
  contentType = 'application/json',
}: Requests): Promise<Connection> {
  const socket: Socket = connect(port, '127.0.0.1')
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve).once('error', reject)
  })
  socket.setNoDelay(true)
  let text = ''
  let settle: { resolve(): void; reject(error: Error): void } | undefined
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
    const head = text.indexOf(END_OF_HEAD)
    if (head < 0) return
    const length = Number(/content-length: (\d+)/i.exec(text)?.[1])
    if (text.length < head + END_OF_HEAD.length + length) return
    const answer = text
    text = ''
    if (answer.startsWith('HTTP/1.1 2')) settle?.resolve()
    else settle?.reject(new Error(answer))
  })
  socket.on('error', (error) => settle?.reject(error))
  socket.on('close', () => settle?.reject(new Error(`the connection ended after: ${text}`)))
  return {
    ask: (path, body) =>
      new Promise((resolve, reject) => {
        settle = { resolve, reject }
        const head = `${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n`
        if (body === undefined) {
          socket.write(`GET ${head}\r\n`)
          return
        }
        const fields = `content-type: ${contentType}\r\ncontent-length: ${Buffer.byteLength(body)}`
        socket.cork()
        socket.write(`POST ${head}${fields}${END_OF_HEAD}`, 'latin1')
        socket.write(body)
        socket.uncork()
      }),
    close: () => socket.destroy(),
  }
}

/** Of sorted values. */
export const quantile = (sorted: Float64Array, share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN

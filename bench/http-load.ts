/** A load of GET requests, or POST where they have a body, over connections that stay open: raw sockets, since the generator shares the machine with the server. */
import { connect, type Socket } from 'node:net'

export interface HttpLoad {
  /** As many at once as there are connections, for a time; answers a second. Rejects on any other status than 200. */
  closed(milliseconds: number): Promise<number>
  /**
   * Requests at a constant rate whatever the answers take; milliseconds from when each was due to when it was answered, so a server
   * that stalls is charged for everybody who had to wait.
   */
  open(rate: number, milliseconds: number): Promise<Float64Array>
  close(): void
}

export async function openHttpLoad(
  port: number,
  connections: number,
  pathOf: (request: number) => string,
  bodyOf?: (request: number) => string,
): Promise<HttpLoad> {
  const idle: Connection[] = []
  for (let n = 0; n < connections; n++) idle.push(await openConnection(port))
  const all = [...idle]
  let sent = 0
  const ask = (connection: Connection): Promise<void> => {
    const request = sent++
    return connection.ask(pathOf(request), bodyOf?.(request))
  }
  return {
    async closed(milliseconds) {
      const began = performance.now()
      let answers = 0
      const client = async (connection: Connection): Promise<void> => {
        while (performance.now() - began < milliseconds) {
          await ask(connection)
          answers += 1
        }
      }
      await Promise.all(all.map(client))
      return answers / ((performance.now() - began) / 1_000)
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
  ask(path: string, body?: string): Promise<void>
  close(): void
}

async function openConnection(port: number): Promise<Connection> {
  const socket: Socket = connect(port, '127.0.0.1')
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve).once('error', reject)
  })
  socket.setNoDelay(true)
  let text = ''
  let settle: { resolve(): void; reject(error: Error): void } | undefined
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
    const head = text.indexOf('\r\n\r\n')
    if (head < 0) return
    const length = Number(/content-length: (\d+)/i.exec(text.slice(0, head))?.[1])
    if (text.length < head + 4 + length) return
    const status = text.slice(9, 12)
    const answer = text
    text = ''
    if (status === '200') settle?.resolve()
    else settle?.reject(new Error(answer))
  })
  socket.on('error', (error) => settle?.reject(error))
  return {
    ask: (path, body) =>
      new Promise((resolve, reject) => {
        settle = { resolve, reject }
        const head = `${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n`
        if (body === undefined) socket.write(`GET ${head}\r\n`)
        else {
          const fields = `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`
          socket.write(`POST ${head}${fields}\r\n${body}`)
        }
      }),
    close: () => socket.destroy(),
  }
}

/** Of sorted values. */
export const quantile = (sorted: Float64Array, share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN

/** A TCP proxy in front of a broker that loses answers on request: the broker has done its work, the client never hears. */
import { connect, createServer, type Server, type Socket } from 'node:net'

export interface KafkaProxy {
  readonly port: number
  /** Where connections go from now on. */
  aim(port: number): void
  /** Nothing listens any more, and what was connected is cut: as when the broker’s machine is gone. */
  goAway(): Promise<void>
  /** Listens again, on the same port, unless it does. */
  comeBack(): Promise<void>
  /** Asked for each Produce request: true cuts its connection when the broker's answer arrives. */
  loseAnswers(loses: () => boolean): void
  /** Answers lost so far. */
  lost(): number
  readonly close: () => Promise<void>
}

const PRODUCE = 0

export async function startProxy(): Promise<KafkaProxy> {
  const sockets = new Set<Socket>()
  let lost = 0
  let target = 0
  let losesAnswer = (): boolean => false
  const server: Server = createServer((client) => {
    const broker = connect(target, '127.0.0.1')
    let isCut = false
    let pending = Buffer.alloc(0)
    for (const socket of [client, broker]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        broker.destroy()
      })
    }
    client.on('data', (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk])
      // Frames: size, then the API's key; a Produce request goes over whole before its answer is waited for.
      while (pending.length >= 6 && pending.length >= 4 + pending.readInt32BE(0)) {
        const frame = pending.subarray(0, 4 + pending.readInt32BE(0))
        pending = pending.subarray(frame.length)
        if (frame.readInt16BE(4) === PRODUCE && losesAnswer()) isCut = true
        broker.write(frame)
      }
    })
    broker.on('data', (chunk: Buffer) => {
      if (isCut) {
        lost++
        client.destroy()
      } else client.write(chunk)
    })
  })
  const listen = (at: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(at, '127.0.0.1', () => resolve())
    })
  const end = (): Promise<void> => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => {
      server.close(() => resolve())
    })
  }
  await listen(0)
  const { port } = server.address() as { port: number }
  return {
    port,
    aim: (port) => (target = port),
    loseAnswers: (loses) => (losesAnswer = loses),
    lost: () => lost,
    goAway: end,
    comeBack: () => (server.listening ? Promise.resolve() : listen(port)),
    close: end,
  }
}

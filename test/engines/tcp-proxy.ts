/** A TCP proxy in front of a broker that does what networks do: it loses answers, holds bytes back, delays and cuts. */
import { setTimeout as sleep } from 'node:timers/promises'
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
  /**
   * Bytes in these directions wait until they are let through again: as packets that a network drops and TCP sends again.
   * An empty list ends it.
   */
  hold(directions: readonly Direction[]): void
  /** What passes waits so long first, milliseconds, each piece as is asked for its size; 0 again and again is no delay. */
  delay(pickMs: (bytes: number) => number): void
  /** Ends every connection with a reset. */
  reset(): void
  readonly close: () => Promise<void>
}

export type Direction = 'toBroker' | 'toClient'

const PRODUCE = 0

export async function startProxy(): Promise<KafkaProxy> {
  const sockets = new Set<Socket>()
  let lost = 0
  let target = 0
  let losesAnswer = (): boolean => false
  let held: readonly Direction[] = []
  let release = (): void => {}
  let released = Promise.resolve()
  let pickDelay: (bytes: number) => number = () => 0
  /** Keeps the order of what passes in one direction of one connection. */
  const passage = (direction: Direction, pass: (bytes: Buffer) => void) => {
    let last: Promise<unknown> | undefined
    return (bytes: Buffer): void => {
      const delayMs = pickDelay(bytes.length)
      if (last === undefined && delayMs === 0 && !held.includes(direction)) return pass(bytes)
      // A late piece holds up those behind it, and their own ways go on meanwhile.
      const mine = Promise.all([last, sleep(delayMs)]).then(async () => {
        while (held.includes(direction)) await released
        pass(bytes)
        if (last === mine) last = undefined
      })
      last = mine
    }
  }
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
    const toBroker = passage('toBroker', (bytes) => void broker.write(bytes))
    const toClient = passage('toClient', (bytes) => void client.write(bytes))
    client.on('data', (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk])
      // Frames: size, then the API's key; a Produce request goes over whole before its answer is waited for.
      while (pending.length >= 6 && pending.length >= 4 + pending.readInt32BE(0)) {
        const frame = pending.subarray(0, 4 + pending.readInt32BE(0))
        pending = pending.subarray(frame.length)
        if (frame.readInt16BE(4) === PRODUCE && losesAnswer()) isCut = true
        toBroker(frame)
      }
    })
    broker.on('data', (chunk: Buffer) => {
      if (isCut) {
        lost++
        client.destroy()
      } else toClient(chunk)
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
    hold(directions) {
      release()
      held = directions
      released = new Promise((resolve) => (release = resolve))
    },
    delay: (pickMs) => (pickDelay = pickMs),
    reset() {
      for (const socket of sockets) socket.resetAndDestroy()
    },
    goAway: end,
    comeBack: () => (server.listening ? Promise.resolve() : listen(port)),
    close: end,
  }
}

/** Redis under A2: an append-only file, written to over a Unix socket, twenty SETs a round trip. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Peer } from './peers.ts'
import { pause } from './writer.ts'

const BATCH = 20
const VALUE = 'x'.repeat(100)
const CONNECT_WITHIN_MS = 10_000

/** The protocol's array of strings. */
const command = (...words: readonly string[]): string =>
  `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`

interface Server {
  /** Sends commands at once; resolves to as many lines of answers, each a simple string or a number. */
  ask(commands: readonly string[]): Promise<readonly string[]>
  kill(): Promise<void>
}

async function openServer(folder: string, fsync: string): Promise<Server> {
  // The path of a Unix socket must be short, and it must not lie on the file system that goes.
  const place = await mkdtemp(join(tmpdir(), 'millrace-redis-'))
  const path = join(place, 'socket')
  const settings = {
    port: '0',
    unixsocket: path,
    dir: folder,
    appendonly: 'yes',
    appendfsync: fsync,
    save: '',
  }
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
  const child = spawn('redis-server', args, { stdio: 'ignore' })
  const exited = once(child, 'exit')
  const socket = await connected(path)
  let [waiting, text] = [undefined as ((lines: readonly string[]) => void) | undefined, '']
  let expected = 0
  socket.on('data', (bytes) => {
    text += bytes.toString()
    const lines = text.split('\r\n')
    if (lines.length <= expected) return
    text = ''
    waiting?.(lines.slice(0, expected))
  })
  // The end of the server ends the connection: whoever waits, waits on.
  socket.on('error', () => {})
  return {
    ask: (commands) =>
      new Promise((resolve) => {
        expected = commands.length
        waiting = resolve
        socket.write(commands.join(''))
      }),
    async kill() {
      child.kill('SIGKILL')
      await exited
      socket.destroy()
      await rm(place, { recursive: true, force: true })
    },
  }
}

async function connected(path: string): Promise<Socket> {
  const deadline = performance.now() + CONNECT_WITHIN_MS
  for (;;) {
    const socket = connect(path)
    try {
      await once(socket, 'connect')
      return socket
    } catch (error) {
      if (performance.now() > deadline) throw error
      await pause(20)
    }
  }
}

export function startRedis(fsync: 'everysec' | 'always'): Pick<Peer, 'start' | 'count'> {
  return {
    async start(folder) {
      const server = await openServer(folder, fsync)
      const ended = new AbortController()
      let [acknowledged, isFrozen] = [0, false]
      const write = async (): Promise<void> => {
        for (let first = 0; !ended.signal.aborted; first += BATCH) {
          const sets = Array.from({ length: BATCH }, (_, step) =>
            command('SET', String(first + step), VALUE),
          )
          const answers = await server.ask(sets)
          if (answers.some((answer) => answer !== '+OK')) return
          if (!isFrozen) acknowledged = first + BATCH
        }
      }
      void write()
      return {
        acknowledged: () => acknowledged,
        freeze: () => (isFrozen = true),
        async kill() {
          ended.abort()
          await server.kill()
        },
      }
    },
    async count(folder, acknowledged) {
      const server = await openServer(folder, fsync)
      try {
        // While it loads its file it answers with an error.
        for (;;) {
          const [pong] = await server.ask([command('PING')])
          if (pong === '+PONG') break
          await pause(50)
        }
        let count = 0
        for (let first = 0; first < acknowledged; first += 1_000) {
          const ids = Array.from(
            { length: Math.min(1_000, acknowledged - first) },
            (_, step) => first + step,
          )
          const [found = ''] = await server.ask([command('EXISTS', ...ids.map(String))])
          count += Number(found.slice(1))
        }
        return count
      } finally {
        await server.kill()
      }
    },
  }
}

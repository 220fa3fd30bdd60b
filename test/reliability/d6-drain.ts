/**
 * D6: SIGTERM while four clients write, by turns alone, followed by a second one, and beside a client that stalls inside its
 * body. The server ends by itself within ten seconds, with 0 unless it was told twice, and has all that it acknowledged.
 */
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createRandom } from '../../src/kernels/index.ts'
import type { AnomalyName } from './anomaly.ts'
import type { Soak } from './result.ts'
import { checkServer, startVictim } from './server-victim.ts'
import { addUp, type Journal } from './writer.ts'

const EXITS_WITHIN_MS = 10_000
const WAYS = ['alone', 'twice', 'beside a stalled client'] as const

/** A round is one stop. */
export const drain: Soak = async ({ seed, rounds = 9 }) => {
  const began = performance.now()
  const random = createRandom(seed)
  const base = await mkdtemp(join(tmpdir(), 'millrace-d6-'))
  const journal: Journal = new Map()
  const anomalies: Partial<Record<AnomalyName, number>> = {}
  const exitMs: number[] = []
  let worst: string | undefined
  try {
    const dataDir = join(base, 'data')
    await mkdir(dataDir)
    for (let round = 0; round < rounds; round++) {
      const way = WAYS[round % WAYS.length]!
      const { instance, senders } = await startVictim(dataDir, seed + round, journal)
      await pause(300 + random.int(700))
      if (way === 'beside a stalled client') await stall(instance.url)
      const exited = once(instance.process, 'exit')
      const told = performance.now()
      instance.process.kill('SIGTERM')
      if (way === 'twice') {
        await pause(random.int(50))
        instance.process.kill('SIGTERM')
      }
      await Promise.race([exited, pause(2 * EXITS_WITHIN_MS)])
      const tookMs = performance.now() - told
      exitMs.push(tookMs)
      const code = instance.process.exitCode
      const isWrong = tookMs > EXITS_WITHIN_MS || (way !== 'twice' && code !== 0)
      if (isWrong) {
        addUp(anomalies, { stuck: 1 })
        worst ??= `${way}: ended with ${code ?? instance.process.signalCode} after ${Math.round(tookMs)} ms`
      }
      await instance.kill()
      await senders.stop()
      if (senders.withoutRetryAfter > 0) {
        addUp(anomalies, { refused: senders.withoutRetryAfter })
        worst ??= `${senders.withoutRetryAfter} refusals without Retry-After`
      }
    }
    const checked = await checkServer(dataDir, journal)
    addUp(anomalies, checked.anomalies)
    worst ??= checked.worst
  } finally {
    await rm(base, { recursive: true, force: true })
  }
  const seconds = (performance.now() - began) / 1_000
  const facts = { id: 'D6', promise: 'P19', seed, rounds, acknowledged: journal.size, anomalies }
  return { ...facts, worst, seconds, more: { exit_ms_max: Math.round(Math.max(...exitMs)) } }
}

/** A request whose body does not come; nobody waits for its answer. */
async function stall(url: string): Promise<void> {
  const { hostname, port } = new URL(url)
  const socket = connect({ port: Number(port), host: hostname })
  socket.on('error', () => socket.destroy())
  socket.resume()
  await once(socket, 'connect')
  socket.write(
    'POST /v1/topics/a/events HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{',
  )
}

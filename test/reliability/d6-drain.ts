/**
 * D6: SIGTERM while four clients write: alone, beside a client that stalls inside its body, followed by a second one, in the
 * swap of a model, in a compaction, and in the start itself. The server ends by itself within ten seconds, with 0 unless it was
 * told twice, breaks off nobody's request, and has all that it acknowledged.
 */
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRandom, type Random } from '../../src/kernels/index.ts'
import { postJson, spawnInstance, until } from '../e2e/instance.ts'
import { ratings, sendRatings } from '../e2e/ratings.ts'
import type { AnomalyName } from './anomaly.ts'
import type { Soak } from './result.ts'
import { checkServer, startVictim } from './server-victim.ts'
import { addUp, pause, type Journal } from './writer.ts'

const EXITS_WITHIN_MS = 10_000
/** Told twice, it finishes nothing. */
const ENDS_AT_ONCE_MS = 1_000
/** The same signal within a quarter of a second counts as one. */
const SECOND_SIGNAL_MS = 400
/** A start takes about so long; the signal comes somewhere in it. */
const START_MS = 1_500

/** What is under way when the signal comes. */
const WAYS = {
  alone: async () => {},
  'beside a stalled client': (url) => stall(url),
  twice: (url) => stall(url),
  'in a swap': async (url, random, seed) => {
    await sendRatings(url, ratings({ seed, from: 0, count: 1_000 }))
    await until('a training runs', async () => {
      const answer = await fetch(`${url}/v1/jobs`)
      const { jobs = [] } = (await answer.json()) as { jobs?: { state: string }[] }
      return jobs.some(({ state }) => state === 'running') || undefined
    })
    await pause(random.int(600))
  },
  'in a compaction': async (url, random, seed) => {
    await sendRatings(url, ratings({ seed, from: 0, count: 2_000 }))
    await postJson(url, '/v1/flush', {})
    // Answered or refused by the stop, whichever comes first.
    postJson(url, '/v1/tables/ratings/compact', {}).catch(() => {})
    await pause(random.int(40))
  },
} as const satisfies Record<string, (url: string, random: Random, seed: number) => Promise<void>>

type Way = keyof typeof WAYS
const ways = Object.keys(WAYS) as Way[]

/** A round is one stop; every sixth is one of a server that still starts. */
export const drain: Soak = async ({ seed, rounds = 12 }) => {
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
      const way = ways[round % (ways.length + 1)]
      const stopped =
        way === undefined
          ? await stopInStart(dataDir, random)
          : await stopOnce(way, { dataDir, seed: seed + round, journal, random })
      addUp(anomalies, stopped.anomalies)
      worst ??= stopped.worst && `round ${round}, ${way ?? 'in the start'}: ${stopped.worst}`
      exitMs.push(stopped.exitMs)
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

interface Stopped {
  readonly exitMs: number
  readonly anomalies: Partial<Record<AnomalyName, number>>
  readonly worst?: string
}

interface Round {
  readonly dataDir: string
  readonly seed: number
  readonly journal: Journal
  readonly random: Random
}

async function stopOnce(way: Way, { dataDir, seed, journal, random }: Round): Promise<Stopped> {
  const { instance, senders } = await startVictim(dataDir, seed, journal)
  try {
    await until('events are taken', () => senders.latenciesMs.length > 0 || undefined)
    await pause(random.int(700))
    await WAYS[way](instance.url, random, seed)
    const exited = once(instance.process, 'exit')
    instance.process.kill('SIGTERM')
    let told = performance.now()
    if (way === 'twice') {
      await pause(SECOND_SIGNAL_MS)
      told = performance.now()
      instance.process.kill('SIGTERM')
    }
    await Promise.race([exited, pause(2 * EXITS_WITHIN_MS)])
    const exitMs = performance.now() - told
    const { exitCode, signalCode } = instance.process
    await instance.kill()
    await senders.stop()
    const found: string[] = []
    const isTwice = way === 'twice'
    if (exitMs > (isTwice ? ENDS_AT_ONCE_MS : EXITS_WITHIN_MS) || (!isTwice && exitCode !== 0)) {
      found.push(`ended with ${exitCode ?? signalCode} after ${Math.round(exitMs)} ms`)
    }
    if (!isTwice && senders.resets > 0) found.push(`${senders.resets} requests were broken off`)
    if (senders.withoutRetryAfter > 0) {
      found.push(`${senders.withoutRetryAfter} refusals without Retry-After`)
    }
    return { exitMs, anomalies: { stuck: found.length }, worst: found.join('; ') || undefined }
  } finally {
    await instance.kill()
    await senders.stop()
  }
}

/** Before it listens to signals, the signal itself ends it; that is as good. */
async function stopInStart(dataDir: string, random: Random): Promise<Stopped> {
  const child = spawnInstance({ dataDir })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes: Buffer) => (output += bytes.toString()))
  }
  const exited = once(child, 'exit')
  await pause(random.int(START_MS))
  const told = performance.now()
  child.kill('SIGTERM')
  await Promise.race([exited, pause(2 * EXITS_WITHIN_MS)])
  const exitMs = performance.now() - told
  const { exitCode, signalCode } = child
  child.kill('SIGKILL')
  await exited
  const isRight = exitMs <= EXITS_WITHIN_MS && (exitCode === 0 || signalCode === 'SIGTERM')
  if (isRight) return { exitMs, anomalies: {} }
  const worst = `ended with ${exitCode ?? signalCode} after ${Math.round(exitMs)} ms: ${output.slice(-300)}`
  return { exitMs, anomalies: { stuck: 1 }, worst }
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

/**
 * D2: clients that send nothing, headers or bodies too slowly, never read the answer, or close their half, beside twenty honest
 * ones. Each is cut off soon after its limit, the honest are answered as before, and the connections go back to what they were.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { defaultLimits } from '../../src/core/index.ts'
import { getJson } from '../e2e/instance.ts'
import { ratings, sendRatings } from '../e2e/ratings.ts'
import type { AnomalyName } from './anomaly.ts'
import { openLoadClient } from './load/http-client.ts'
import { requestsOf, residentMib, startLoadedServer } from './load/loaded-server.ts'
import { offerClosed } from './load/offer.ts'
import type { Soak } from './result.ts'

const HONEST = 20
/** Node looks at its connections every second, the sweep of unread answers too. */
const MARGIN_MS = 3_000
const TRICKLE_MS = 1_000
const HONEST_SECONDS = 3
const { httpHeadersTimeoutMs, httpBodyTimeoutMs, httpStallTimeoutMs } = defaultLimits

interface SlowKind {
  readonly name: string
  /** What it sends at once. */
  readonly text: string
  /** What it sends every second. */
  readonly trickle?: string
  readonly reads: boolean
  readonly closesHalf?: boolean
  /** When the server has closed at the latest, milliseconds. */
  readonly withinMs: number
  /** How its answer begins. */
  readonly answer?: string
}

const HEAD = 'host: localhost\r\n'
const EVENTS = `POST /v1/topics/load/events HTTP/1.1\r\n${HEAD}content-type: application/json\r\n`
const page = `GET /v1/topics/ratings/records?limit=1000 HTTP/1.1\r\n${HEAD}\r\n`
const KINDS: readonly SlowKind[] = [
  { name: 'idle', text: '', reads: true, withinMs: httpHeadersTimeoutMs },
  {
    name: 'slow headers',
    text: `GET /livez HTTP/1.1\r\n${HEAD}`,
    trickle: 'x: y\r\n',
    reads: true,
    withinMs: httpHeadersTimeoutMs,
    answer: 'HTTP/1.1 408',
  },
  {
    name: 'stalled body',
    text: `${EVENTS}content-length: 5000\r\n\r\n{"a":`,
    reads: true,
    withinMs: httpStallTimeoutMs,
    answer: 'HTTP/1.1 408',
  },
  {
    name: 'slow body',
    text: `POST /v1/sql HTTP/1.1\r\n${HEAD}content-type: application/json\r\ncontent-length: 5000\r\n\r\n{"sql":"`,
    trickle: 'x',
    reads: true,
    withinMs: httpBodyTimeoutMs,
    answer: 'HTTP/1.1 408',
  },
  { name: 'never reads', text: page.repeat(50), reads: false, withinMs: httpStallTimeoutMs },
  {
    name: 'half closed',
    text: `${EVENTS}content-length: 5000\r\n\r\n{`,
    reads: true,
    closesHalf: true,
    withinMs: 0,
  },
]

/** A round is fifty clients of each kind; ten rounds are the five hundred of a long run. */
export const slowClients: Soak = async ({ seed, rounds = 2 }) => {
  const began = performance.now()
  const dir = await mkdtemp(join(tmpdir(), 'millrace-d2-'))
  const instance = await startLoadedServer(join(dir, 'data'), seed)
  const anomalies: Partial<Record<AnomalyName, number>> = {}
  const found: string[] = []
  const each = 50 * rounds
  const closedMs: Record<string, number> = {}
  const client = openLoadClient(instance.url, 5_000)
  try {
    // Pages of some hundred kilobytes, which no socket takes at once.
    await sendRatings(instance.url, ratings({ seed, from: 1_000, count: 5_000 }))
    const load = {
      client,
      request: requestsOf(instance.url, 'predict', seed),
      seconds: HONEST_SECONDS,
    }
    await offerClosed({ ...load, seconds: 1 }, HONEST)
    const alone = await offerClosed(load, HONEST)
    const base = await openSockets(instance.process.pid ?? 0)
    const slow = Promise.all(KINDS.map((kind) => endsOf(instance.url, kind, each)))
    const beside = await offerClosed(load, HONEST)
    for (const [at, ends] of (await slow).entries()) {
      const { name, withinMs, answer = '' } = KINDS[at]!
      closedMs[name] = Math.round(Math.max(...ends.map(({ ms }) => ms)))
      if (closedMs[name] > withinMs + MARGIN_MS)
        found.push(`${name}: open for ${closedMs[name]} ms`)
      const wrong = ends.find((end) => !end.answer.startsWith(answer))
      if (wrong) found.push(`${name}: answered ${wrong.answer.slice(0, 40)}`)
    }
    if (beside.good < beside.sent) found.push(`${beside.sent - beside.good} honest requests failed`)
    // The slow clients run in this process too; a page of each that is never read costs the server real work.
    if (beside.p99 > 2 * alone.p99 + 250) found.push(`honest p99 ${alone.p99} to ${beside.p99} ms`)
    await pause(1_500)
    const left = await openSockets(instance.process.pid ?? 0)
    if (left > base + 5) found.push(`${left - base} connections stay`)
    await getJson(instance.url, '/livez')
    if (found.length > 0) anomalies.stuck = found.length
    const seconds = (performance.now() - began) / 1_000
    const facts = { id: 'D2', promise: 'P16', seed, rounds, acknowledged: beside.good }
    const more = {
      clients: each * KINDS.length,
      closed_ms: closedMs,
      honest_p99_ms: [alone.p99, beside.p99],
      rss_mib: Math.round(residentMib(instance.process.pid ?? 0)),
    }
    return { ...facts, anomalies, worst: found[0], seconds, more }
  } finally {
    client.close()
    await instance.kill()
    await rm(dir, { recursive: true, force: true })
  }
}

interface End {
  readonly ms: number
  readonly answer: string
}

/** Resolves when the server has closed them all. */
function endsOf(url: string, kind: SlowKind, count: number): Promise<End[]> {
  return Promise.all(Array.from({ length: count }, () => endOf(url, kind)))
}

function endOf(url: string, kind: SlowKind): Promise<End> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    const began = performance.now()
    let answer = ''
    const socket: Socket = connect({ port: Number(port), host: hostname }, () => {
      socket.write(kind.text)
      if (kind.closesHalf === true) socket.end()
    })
    const trickle = setInterval(() => {
      if (kind.trickle !== undefined && socket.writable) socket.write(kind.trickle)
      // A paused socket does not see that the other end is gone; one that writes does.
      else if (!kind.reads && socket.writable) socket.write(page)
    }, TRICKLE_MS)
    if (kind.reads) socket.on('data', (bytes) => (answer += bytes.toString('latin1', 0, 200)))
    else socket.pause()
    socket.on('error', () => socket.destroy())
    socket.once('close', () => {
      clearInterval(trickle)
      resolve({ ms: performance.now() - began, answer })
    })
  })
}

async function openSockets(pid: number): Promise<number> {
  const { readdir, readlink } = await import('node:fs/promises')
  const names = await readdir(`/proc/${pid}/fd`)
  const targets = await Promise.all(
    names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')),
  )
  return targets.filter((target) => target.startsWith('socket:')).length
}

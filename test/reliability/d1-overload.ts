/**
 * D1: half, once, twice, five and ten times of what a server can answer, in an open loop, of each kind of request and mixed.
 * It stays up, answers nearly as many as it can, refuses the others with Retry-After, and is itself again within ten seconds.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Instance } from '../e2e/instance.ts'
import type { AnomalyName } from './anomaly.ts'
import { openLoadClient } from './load/http-client.ts'
import { startLoadProcess, type LoadProcess } from './load/load-process.ts'
import {
  processorSeconds,
  requestsOf,
  residentMib,
  startLoadedServer,
  type LoadKind,
} from './load/loaded-server.ts'
import type { Offered } from './load/offer.ts'
import type { Soak } from './result.ts'

const KINDS: readonly LoadKind[] = ['ingest', 'predict', 'query', 'mixed']
const TIMES = [0.5, 1, 2, 5, 10] as const
const CLIENT_TIMEOUT_MS = 1_000
const RECOVERS_WITHIN_MS = 10_000
/** Steps of some seconds beside other work of the machine are noisy; the figures count where there is time for them. */
const LONG_STEP_SECONDS = 8
const GOODPUT_FLOOR = { long: 0.9, short: 0.5 }
/** Of the slowest of a hundred accepted ones, against half the load. */
const MOST_TIMES_SLOWER = 3
const SENDERS: Readonly<Record<LoadKind, number>> = { ingest: 16, predict: 8, query: 3, mixed: 16 }

/** A round is one second of each step. */
export const overload: Soak = async ({ seed, rounds = LONG_STEP_SECONDS }) => {
  const began = performance.now()
  const dir = await mkdtemp(join(tmpdir(), 'millrace-d1-'))
  const instance = await startLoadedServer(join(dir, 'data'), seed)
  const loads = startLoadProcess()
  const anomalies: Partial<Record<AnomalyName, number>> = {}
  const curves: Record<string, unknown> = {}
  const recoveryMs: number[] = []
  let [acknowledged, worst] = [0, undefined as string | undefined]
  try {
    for (const kind of KINDS) {
      const one = await overloadWith(kind, { instance, loads, seed, seconds: rounds })
      curves[kind] = one.curve
      recoveryMs.push(one.recoveryMs)
      acknowledged += one.good
      anomalies.refused = (anomalies.refused ?? 0) + one.found.length
      worst ??= one.found[0] && `${kind}: ${one.found[0]}`
    }
    if (instance.process.exitCode !== null) {
      anomalies.stuck = 1
      worst = 'the server ended'
    }
  } finally {
    await loads.close()
    await instance.kill()
    await rm(dir, { recursive: true, force: true })
  }
  const seconds = (performance.now() - began) / 1_000
  const facts = { id: 'D1', promise: 'P16', seed, rounds, acknowledged, anomalies, recoveryMs }
  return { ...facts, worst, seconds, more: { curves } }
}

interface Conditions {
  readonly instance: Instance
  readonly loads: LoadProcess
  readonly seed: number
  /** Of each step. */
  readonly seconds: number
}

async function overloadWith(kind: LoadKind, { instance, loads, seed, seconds }: Conditions) {
  const { url } = instance
  const pid = instance.process.pid ?? 0
  const task = { url, kind, seed, seconds, timeoutMs: CLIENT_TIMEOUT_MS }
  const curve: Record<string, unknown> = {}
  const steps: Step[] = []
  await loads.offer({ ...task, seconds: 1, senders: SENDERS[kind] })
  const capacity = await loads.offer({ ...task, senders: SENDERS[kind] })
  for (const times of TIMES) {
    const before = processorSeconds(pid)
    const offered = await loads.offer({ ...task, perSecond: capacity.goodPerSecond * times })
    const server = Number(((processorSeconds(pid) - before) / seconds).toFixed(2))
    steps.push({ ...offered, times })
    curve[`${times}x`] = { ...offered, seconds: undefined, server, rss_mib: rss(pid) }
  }
  const found = faultsOf(steps, seconds >= LONG_STEP_SECONDS)
  const recoveryMs = await recovery(url, kind, seed)
  if (recoveryMs > RECOVERS_WITHIN_MS) found.push(`not itself ${recoveryMs} ms after the load`)
  const good = steps.reduce((sum, step) => sum + step.good, 0)
  return { curve: { capacity: capacity.goodPerSecond, ...curve }, found, recoveryMs, good }
}

interface Step extends Offered {
  readonly times: number
}

function faultsOf(steps: readonly Step[], isLong: boolean): string[] {
  const found: string[] = []
  const peak = Math.max(...steps.map(({ goodPerSecond }) => goodPerSecond))
  const floor = isLong ? GOODPUT_FLOOR.long : GOODPUT_FLOOR.short
  const halfP99 = steps[0]?.p99 ?? 0
  for (const { times, sent, seconds, goodPerSecond, p99, withoutRetryAfter, others } of steps) {
    const where = `at ${times}x`
    // Nobody can answer more than was asked.
    const possible = Math.min(peak, sent / seconds)
    if (times >= 1 && goodPerSecond < floor * possible) {
      found.push(`${where} ${goodPerSecond}/s are answered of ${Math.round(possible)}/s possible`)
    }
    if (isLong && p99 > MOST_TIMES_SLOWER * halfP99) {
      found.push(`${where} p99 of accepted is ${p99} ms, at half the load ${halfP99} ms`)
    }
    if (withoutRetryAfter > 0) {
      found.push(`${where} ${withoutRetryAfter} refusals without Retry-After`)
    }
    const unknown = Object.keys(others)
    if (unknown.length > 0) found.push(`${where} answers of ${unknown.join(', ')}`)
  }
  return found
}

const rss = (pid: number): number => Math.round(residentMib(pid))

/** Until twenty requests in a row, one after the other, were answered. */
async function recovery(url: string, kind: LoadKind, seed: number): Promise<number> {
  const client = openLoadClient(url, CLIENT_TIMEOUT_MS)
  const request = requestsOf(url, kind, seed)
  const began = performance.now()
  let first = began
  for (let inRow = 0; inRow < 20;) {
    const reply = await client.send(request())
    if (reply !== undefined && reply.status < 300) inRow++
    else {
      inRow = 0
      await pause(20)
      first = performance.now()
    }
    if (performance.now() - began > 2 * RECOVERS_WITHIN_MS) break
  }
  client.close()
  return first - began
}

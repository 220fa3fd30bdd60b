/**
 * D1: half, once, twice, five and ten times of what a server can answer, in an open loop, of each kind of request and mixed.
 * It stays up, answers nearly as many as it can, refuses the others with Retry-After, and is itself again within ten seconds.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createRandom } from '../../src/kernels/index.ts'
import type { Instance } from '../e2e/instance.ts'
import type { AnomalyName } from './anomaly.ts'
import { openLoadClient } from './load/http-client.ts'
import { requestsOf, residentMib, startLoadedServer, type LoadKind } from './load/loaded-server.ts'
import { offerClosed, offerOpen, type Offered } from './load/offer.ts'
import type { Soak } from './result.ts'

const KINDS: readonly LoadKind[] = ['ingest', 'predict', 'query', 'mixed']
const TIMES = [0.5, 1, 2, 5, 10] as const
const CLIENT_TIMEOUT_MS = 1_000
const RECOVERS_WITHIN_MS = 10_000
/** Steps of some seconds beside other work of the machine are noisy; the figure counts where there is time for it. */
const LONG_STEP_SECONDS = 8
const GOODPUT_FLOOR = { long: 0.9, short: 0.5 }
const SENDERS: Readonly<Record<LoadKind, number>> = { ingest: 16, predict: 8, query: 3, mixed: 16 }

/** A round is one second of each step. */
export const overload: Soak = async ({ seed, rounds = LONG_STEP_SECONDS }) => {
  const began = performance.now()
  const dir = await mkdtemp(join(tmpdir(), 'millrace-d1-'))
  const instance = await startLoadedServer(join(dir, 'data'), seed)
  const anomalies: Partial<Record<AnomalyName, number>> = {}
  const curves: Record<string, unknown> = {}
  const recoveryMs: number[] = []
  let [acknowledged, worst] = [0, undefined as string | undefined]
  try {
    for (const kind of KINDS) {
      const one = await overloadWith(kind, instance, { seed, seconds: rounds })
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
    await instance.kill()
    await rm(dir, { recursive: true, force: true })
  }
  const seconds = (performance.now() - began) / 1_000
  const facts = { id: 'D1', promise: 'P16', seed, rounds, acknowledged, anomalies, recoveryMs }
  return { ...facts, worst, seconds, more: { curves } }
}

async function overloadWith(
  kind: LoadKind,
  instance: Instance,
  { seed, seconds }: { seed: number; seconds: number },
) {
  const client = openLoadClient(instance.url, CLIENT_TIMEOUT_MS)
  const request = requestsOf(instance.url, kind, seed)
  const random = createRandom(seed)
  const found: string[] = []
  const curve: Record<string, unknown> = {}
  const steps: Offered[] = []
  try {
    await offerClosed({ client, request, seconds: 1 }, SENDERS[kind])
    const capacity = await offerClosed({ client, request, seconds }, SENDERS[kind])
    for (const times of TIMES) {
      const step = await offerOpen(
        { client, request, seconds },
        capacity.goodPerSecond * times,
        random,
      )
      steps.push(step)
      curve[`${times}x`] = { ...step, seconds: undefined, rss_mib: rss(instance) }
    }
    const peak = Math.max(...steps.map(({ goodPerSecond }) => goodPerSecond))
    const floor = seconds >= LONG_STEP_SECONDS ? GOODPUT_FLOOR.long : GOODPUT_FLOOR.short
    for (const [at, step] of steps.entries()) {
      const where = `at ${TIMES[at]}x`
      if (TIMES[at]! >= 1 && step.goodPerSecond < floor * peak) {
        found.push(`${where} ${step.goodPerSecond}/s are answered of ${peak}/s at the peak`)
      }
      if (step.withoutRetryAfter > 0) {
        found.push(`${where} ${step.withoutRetryAfter} refusals without Retry-After`)
      }
      const others = Object.keys(step.others)
      if (others.length > 0) found.push(`${where} answers of ${others.join(', ')}`)
    }
    const recoveryMs = await recovery((one) => client.send(one), request)
    if (recoveryMs > RECOVERS_WITHIN_MS) found.push(`not itself ${recoveryMs} ms after the load`)
    const good = steps.reduce((sum, step) => sum + step.good, 0)
    return { curve: { capacity: capacity.goodPerSecond, ...curve }, found, recoveryMs, good }
  } finally {
    client.close()
  }
}

const rss = ({ process: { pid } }: Instance): number => Math.round(residentMib(pid ?? 0))

/** Until twenty requests in a row, one after the other, were answered. */
async function recovery(
  send: (request: Buffer) => Promise<{ status: number } | undefined>,
  request: () => Buffer,
): Promise<number> {
  const began = performance.now()
  let first = began
  for (let inRow = 0; inRow < 20;) {
    const reply = await send(request())
    if (reply !== undefined && reply.status < 300) inRow++
    else {
      inRow = 0
      await pause(20)
      first = performance.now()
    }
    if (performance.now() - began > 2 * RECOVERS_WITHIN_MS) break
  }
  return first - began
}

/**
 * C1: 200 predictions a second over eight connections while five times a second a version is published, promoted or rolled
 * back. Every answer is of one version whole: value, header and digest agree. None fails, and the memory does not grow with
 * the swaps. A round is a swap.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createRandom } from '../../../src/kernels/index.ts'
import { audit } from '../../../src/serving/serving-samples.ts'
import { createFindings } from '../findings.ts'
import type { Soak } from '../result.ts'
import { askRating, openVersions, type VersionsWorld } from './world.ts'

const CONNECTIONS = 8
const RATE_PER_SECOND = 200
const SWAP_MS = 200
const STEADY_MS = 2_000
/** Kept beyond the warm-up: records of versions and of promotions, nothing of the models. */
const BYTES_A_SWAP = 40_000
const LEAST_BYTES = 16_000_000

export const swapStorm: Soak = async ({ seed, rounds = 50 }) => {
  const began = performance.now()
  const findings = createFindings()
  const random = createRandom(seed)
  const world = await openVersions()
  const seen = new Set<number>()
  let answers = 0
  let latenciesMs: number[] = []
  const ended = new AbortController()
  const ask = async (): Promise<void> => {
    const asked = performance.now()
    const { version, wrong } = await askRating(world).catch((error: unknown) => ({
      version: 0,
      wrong: String(error),
    }))
    latenciesMs.push(performance.now() - asked)
    answers += 1
    seen.add(version)
    if (wrong !== undefined) findings.note(version === 0 ? 'refused' : 'changed', wrong)
  }
  const connection = async (number: number): Promise<void> => {
    const everyMs = (CONNECTIONS * 1_000) / RATE_PER_SECOND
    let next = performance.now() + (number * everyMs) / CONNECTIONS
    while (!ended.signal.aborted) {
      await pause(Math.max(0, next - performance.now()))
      next += everyMs
      await ask()
    }
  }
  try {
    await world.publish()
    await world.publish()
    await world.running.serving.settled()
    const connections = Array.from({ length: CONNECTIONS }, (_, number) => connection(number))
    await pause(STEADY_MS)
    const steady = p99(latenciesMs)
    latenciesMs = []
    for (let swap = 0; swap < 10; swap++) await swapOnce(world, random.int(3))
    const before = heldBytes()
    for (let swap = 0; swap < rounds; swap++) {
      await Promise.all([swapOnce(world, random.int(3)), pause(SWAP_MS)])
    }
    const grown = heldBytes() - before
    const during = p99(latenciesMs)
    ended.abort()
    await Promise.all(connections)
    if (grown > LEAST_BYTES + rounds * BYTES_A_SWAP)
      findings.note('overlap', `${rounds} swaps left ${grown} bytes behind`)
    const { anomalies, worst } = findings
    return {
      id: 'C1',
      promise: 'P12 P13',
      seed,
      rounds,
      acknowledged: answers,
      anomalies,
      worst,
      seconds: (performance.now() - began) / 1_000,
      more: {
        versions_seen: seen.size,
        p99_steady_ms: Number(steady.toFixed(1)),
        p99_during_ms: Number(during.toFixed(1)),
        grown_bytes: grown,
      },
    }
  } finally {
    ended.abort()
    await world.close()
  }
}

/** Publishes, promotes an old version, or rolls back; resolves when what is promoted serves. */
async function swapOnce(world: VersionsWorld, what: number): Promise<void> {
  const { registry } = world.running
  const versions = registry.versions('rating').length
  if (what === 0) await world.publish()
  else if (what === 1) await registry.promote('rating', Math.max(1, versions - 1), audit)
  else {
    // At its first champion there is nothing to go back to.
    await registry.rollback('rating', audit).catch(() => world.publish())
  }
  await world.running.serving.settled()
}

/** After a collection. */
function heldBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

const p99 = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.99)] ?? 0

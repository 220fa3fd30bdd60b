/**
 * A8: every sync takes 200 ms longer. Group commit keeps records flowing: no request fails or stays open, and a request costs
 * a few syncs, not one for each request before it.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from '../e2e/instance.ts'
import type { Soak } from './result.ts'
import { checkServer, startVictim } from './server-victim.ts'
import { pause, type Journal } from './writer.ts'

const SYNC_MS = 200
const WARM_REQUESTS = 12
/** Its own sync, the one under way before it, and the sync of a first segment. */
const MAX_SYNCS = 6

/** A round is one second under load. */
export const slowDisk: Soak = async ({ seed, rounds = 10 }) => {
  const began = performance.now()
  const base = await mkdtemp(join(tmpdir(), 'millrace-a8-'))
  try {
    const dataDir = join(base, 'data')
    await mkdir(dataDir)
    const journal: Journal = new Map()
    const victim = await startVictim(dataDir, seed, journal, `slow:${SYNC_MS}`)
    const { senders } = victim
    // Making the topics costs syncs, one after the other.
    await until(
      'the topics are there',
      () => senders.latenciesMs.length > WARM_REQUESTS || undefined,
    )
    const skipped = senders.latenciesMs.length
    await pause(rounds * 1_000)
    senders.freeze()
    await victim.kill()
    const { anomalies, recoveryMs, worst } = await checkServer(dataDir, journal)
    const times = senders.latenciesMs.slice(skipped).toSorted((a, b) => a - b)
    const at = (share: number): number => Math.round(times[Math.floor(times.length * share)] ?? NaN)
    const isSlow = !(at(0.5) <= MAX_SYNCS * SYNC_MS)
    const refused = senders.refused.size + (isSlow ? 1 : 0)
    const seconds = (performance.now() - began) / 1_000
    return {
      id: 'A8',
      promise: 'P15 P16',
      seed,
      rounds,
      acknowledged: journal.size,
      anomalies: { ...anomalies, refused, stuck: (anomalies.stuck ?? 0) + senders.stuck },
      recoveryMs: [recoveryMs],
      worst: worst ?? [...senders.refused.keys()][0] ?? (isSlow ? `p50 ${at(0.5)} ms` : undefined),
      seconds,
      more: { requests: times.length, p50_ms: at(0.5), p99_ms: at(0.99) },
    }
  } finally {
    await rm(base, { recursive: true, force: true })
  }
}

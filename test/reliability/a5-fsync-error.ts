/**
 * A5: the server's syncs fail with EIO after a random count, a few times or for ever. What was acknowledged is there
 * afterwards, no request stays open, every refusal says when to come again, the process lives, and syncs that work again are
 * enough to heal.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRandom } from '../../src/kernels/index.ts'
import type { AnomalyName } from './anomaly.ts'
import type { Soak } from './result.ts'
import { checkServer, startVictim } from './server-victim.ts'
import { addUp, pause, type Journal } from './writer.ts'

/** Syncs of a start, before the first event. */
const FIRST_SYNC = 60
const WATCH_MS = 2_000

export const fsyncError: Soak = async ({ seed, rounds = 10 }) => {
  const began = performance.now()
  const random = createRandom(seed)
  const anomalies: Partial<Record<AnomalyName, number>> = {}
  const recoveryMs: number[] = []
  let [acknowledged, refusals, worst] = [0, 0, undefined as string | undefined]
  for (let round = 0; round < rounds; round++) {
    const isForEver = round % 2 === 1
    const sync = `eio:${FIRST_SYNC + random.int(60)}:${isForEver ? '' : 1 + random.int(5)}`
    const base = await mkdtemp(join(tmpdir(), 'millrace-a5-'))
    try {
      const dataDir = join(base, 'data')
      await mkdir(dataDir)
      const journal: Journal = new Map()
      const victim = await startVictim(dataDir, seed + round, journal, sync)
      const { instance, senders } = victim
      await pause(WATCH_MS)
      const isAlive = instance.process.exitCode === null
      const before = journal.size
      await pause(WATCH_MS / 4)
      const goesOn = journal.size > before
      senders.freeze()
      await victim.kill()
      const checked = await checkServer(dataDir, journal)
      const found = [
        ...(isAlive ? [] : ['the server ended']),
        ...(isForEver || goesOn ? [] : ['no event was taken after the disk had healed']),
      ]
      if (isForEver && senders.refused.size === 0) found.push('no failing sync was told')
      if (senders.withoutRetryAfter > 0)
        found.push(`${senders.withoutRetryAfter} refusals without Retry-After`)
      found.push(
        ...[...senders.refused.keys()].filter((reason) => reason !== '503 LOG_STORAGE_FAILED'),
      )
      addUp(anomalies, {
        ...checked.anomalies,
        stuck: (checked.anomalies.stuck ?? 0) + senders.stuck,
      })
      addUp(anomalies, { refused: found.length })
      for (const count of senders.refused.values()) refusals += count
      worst ??= checked.worst ?? (found[0] === undefined ? undefined : `${sync}: ${found[0]}`)
      recoveryMs.push(checked.recoveryMs)
      acknowledged += journal.size
    } finally {
      await rm(base, { recursive: true, force: true })
    }
  }
  const seconds = (performance.now() - began) / 1_000
  const facts = { id: 'A5', promise: 'P7', seed, rounds, acknowledged, anomalies, recoveryMs }
  return { ...facts, worst, seconds, more: { refusals } }
}

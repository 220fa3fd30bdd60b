/**
 * A6-http: the whole server on a small tmpfs that a ballast file fills while four clients write. Events are then refused with
 * 503 `LOG_STORAGE_FULL` and Retry-After; reads and predictions go on without a failure; and when the space is back, events
 * are taken again within five seconds, with no restart.
 */
import { execFileSync } from 'node:child_process'
import { mkdtemp, open, rm, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getJson, postJson, until } from '../e2e/instance.ts'
import { ratings, sendRatings } from '../e2e/ratings.ts'
import type { AnomalyName } from './anomaly.ts'
import type { Soak } from './result.ts'
import { startSenders } from './senders.ts'
import { checkServer, startServer } from './server-victim.ts'
import { addUp, pause, type Journal } from './writer.ts'

const HEALS_WITHIN_MS = 5_000
const FILL_WITHIN_MS = 30_000
/** How long the disk stays full, with predictions and reads under way. */
const FULL_MS = 1_500
const FULL = '503 LOG_STORAGE_FULL'

export const fullDiskOfServer: Soak = async ({ seed, rounds = 3 }) => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    return { id: 'A6-http', skipped: 'needs root on Linux, to mount a tmpfs' }
  }
  const began = performance.now()
  const anomalies: Partial<Record<AnomalyName, number>> = {}
  const journal: Journal = new Map()
  let worst: string | undefined
  const healMs: number[] = []
  let asked = 0
  const mount = await mkdtemp(join(tmpdir(), 'millrace-a6-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=400m', 'tmpfs', mount])
  try {
    const instance = await startServer(join(mount, 'data'))
    try {
      await sendRatings(instance.url, ratings({ seed, from: 0, count: 1_000 }))
      await until('like serves', async () => {
        const answer = await fetch(`${instance.url}/v1/models/like`)
        return ((await answer.json()) as { live?: object | null }).live ?? undefined
      })
      for (let round = 0; round < rounds; round++) {
        const one = await fillOnce(instance.url, mount, seed + round, journal)
        addUp(anomalies, one.anomalies)
        worst ??= one.worst
        healMs.push(one.healMs)
        asked += one.asked
      }
    } finally {
      await instance.kill()
    }
    const checked = await checkServer(join(mount, 'data'), journal)
    addUp(anomalies, checked.anomalies)
    worst ??= checked.worst
  } finally {
    execFileSync('umount', [mount])
    await rm(mount, { recursive: true, force: true })
  }
  const seconds = (performance.now() - began) / 1_000
  const more = { heal_ms_max: Math.round(Math.max(...healMs)), predictions_and_reads: asked }
  const facts = { id: 'A6-http', promise: 'P7', seed, rounds, acknowledged: journal.size }
  return { ...facts, anomalies, worst, seconds, more }
}

interface Filled {
  readonly anomalies: Partial<Record<AnomalyName, number>>
  readonly worst?: string
  readonly healMs: number
  readonly asked: number
}

async function fillOnce(
  url: string,
  mount: string,
  seed: number,
  journal: Journal,
): Promise<Filled> {
  const senders = startSenders(url, seed, journal)
  const found: string[] = []
  const ballast = join(mount, 'ballast')
  let asked = 0
  try {
    await until('events are taken', () => senders.latenciesMs.length > 3 || undefined)
    await fill(mount, ballast)
    await until(
      'the full disk is told',
      () => senders.refused.has(FULL) || undefined,
      FILL_WITHIN_MS,
    )
    const deadline = performance.now() + FULL_MS
    while (performance.now() < deadline) {
      found.push(...(await failuresOfReads(url)))
      asked += 2
    }
    const before = senders.latenciesMs.length
    await rm(ballast)
    const freed = performance.now()
    while (senders.latenciesMs.length === before && performance.now() - freed < HEALS_WITHIN_MS)
      await pause(10)
    const healMs = performance.now() - freed
    if (healMs >= HEALS_WITHIN_MS) found.push('not healed when the space was back')
    senders.freeze()
    await senders.stop()
    found.push(...[...senders.refused.keys()].filter((reason) => reason !== FULL))
    if (senders.withoutRetryAfter > 0)
      found.push(`${senders.withoutRetryAfter} without Retry-After`)
    const anomalies = { refused: found.length, stuck: senders.stuck }
    return { anomalies, worst: found[0], healMs, asked }
  } finally {
    await senders.stop()
    await rm(ballast, { force: true })
  }
}

/** All but a little, which the senders use up. */
async function fill(mount: string, ballast: string): Promise<void> {
  const file = await open(ballast, 'w')
  const { bavail, bsize } = await statfs(mount)
  await file.write(new Uint8Array(Math.max(0, bavail * bsize - 1024 * 1024)))
  await file.close()
}

/** A prediction and a read; what failed, in words. */
async function failuresOfReads(url: string): Promise<string[]> {
  const failures: string[] = []
  const pair = { userId: 3, movieId: 4 }
  const { status } = await postJson(url, '/v1/models/like/predict', pair)
  if (status !== 200) failures.push(`a prediction answered ${status}`)
  await getJson(url, '/v1/topics/ratings/records?limit=10').catch((error: unknown) => {
    failures.push(String(error))
  })
  return failures
}

/** A6: the log on a small tmpfs that a ballast file fills while the writer writes, and that gets its space back. */
import { execFileSync } from 'node:child_process'
import { mkdtemp, open, rm, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AnomalyName } from './anomaly.ts'
import type { Soak } from './result.ts'
import { addUp, checkLog, pause, startWriter, type Journal } from './writer.ts'

const HEALS_WITHIN_MS = 5_000
const FILL_WITHIN_MS = 20_000

export const fullDisk: Soak = async ({ seed, rounds = 5 }) => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    return { id: 'A6', skipped: 'needs root on Linux, to mount a tmpfs' }
  }
  const began = performance.now()
  const anomalies: Partial<Record<AnomalyName, number>> = {}
  let [acknowledged, worst] = [0, undefined as string | undefined]
  const healMs: number[] = []
  for (let round = 0; round < rounds; round++) {
    const mount = await mkdtemp(join(tmpdir(), 'millrace-a6-'))
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256m', 'tmpfs', mount])
    try {
      const journal: Journal = new Map()
      const one = await fillOnce(mount, seed + round, journal)
      addUp(anomalies, one.anomalies)
      worst ??= one.worst
      if (one.healMs !== undefined) healMs.push(one.healMs)
      acknowledged += journal.size
    } finally {
      execFileSync('umount', [mount])
      await rm(mount, { recursive: true, force: true })
    }
  }
  const seconds = (performance.now() - began) / 1_000
  const more = { heal_ms_max: Math.round(Math.max(0, ...healMs)) }
  return { id: 'A6', promise: 'P7', seed, rounds, acknowledged, anomalies, worst, seconds, more }
}

async function fillOnce(
  mount: string,
  seed: number,
  journal: Journal,
): Promise<{ anomalies: Partial<Record<AnomalyName, number>>; worst?: string; healMs?: number }> {
  const dir = join(mount, 'log')
  const writer = startWriter(dir, seed, journal)
  try {
    await writer.opened
    const ballast = join(mount, 'ballast')
    const file = await open(ballast, 'w')
    const { bavail, bsize } = await statfs(mount)
    await file.write(new Uint8Array(Math.max(0, bavail * bsize - 2 * 1024 * 1024)))
    await file.close()
    const isFull = await until(() => writer.refused.has('LOG_STORAGE_FULL'), FILL_WITHIN_MS)
    if (!isFull) return { anomalies: { stuck: 1 }, worst: 'stuck: the full disk was never told' }
    await pause(300)
    const before = journal.size
    await rm(ballast)
    const freed = performance.now()
    const heals = await until(() => journal.size > before, HEALS_WITHIN_MS)
    const healMs = performance.now() - freed
    writer.freeze()
    await writer.kill()
    const checked = await checkLog(dir, journal)
    const others = [...writer.refused.keys()].filter((code) => code !== 'LOG_STORAGE_FULL')
    const anomalies = { ...checked.anomalies }
    if (!heals) anomalies.stuck = (anomalies.stuck ?? 0) + 1
    if (others.length > 0) anomalies.refused = others.length
    const worst =
      checked.worst ?? (others.length > 0 ? `refused with ${others.join(', ')}` : undefined)
    return { anomalies, worst, healMs }
  } finally {
    await writer.kill()
  }
}

async function until(holds: () => boolean, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs
  while (!holds() && performance.now() < deadline) await pause(10)
  return holds()
}

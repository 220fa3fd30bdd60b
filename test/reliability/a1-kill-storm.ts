/** A1: the writer is killed at a random moment, again and again over the same folder. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRandom } from '../../src/kernels/index.ts'
import type { Soak } from './result.ts'
import { addUp, checkLog, pause, startWriter, type Journal } from './writer.ts'

export const killStorm: Soak = async ({ seed, rounds = 60 }) => {
  const began = performance.now()
  const random = createRandom(seed)
  const dir = await mkdtemp(join(tmpdir(), 'millrace-a1-'))
  const journal: Journal = new Map()
  const anomalies = {}
  const recoveryMs: number[] = []
  let worst: string | undefined
  try {
    for (let round = 0; round < rounds; round++) {
      const writer = startWriter(join(dir, 'log'), seed + round, journal)
      await writer.opened
      await pause(50 + random.int(1_450))
      writer.freeze()
      await writer.kill()
      const checked = await checkLog(join(dir, 'log'), journal)
      addUp(anomalies, checked.anomalies)
      recoveryMs.push(checked.recoveryMs)
      worst ??= checked.worst
    }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
  const seconds = (performance.now() - began) / 1_000
  const acknowledged = journal.size
  return {
    id: 'A1',
    promise: 'P1 P5',
    seed,
    rounds,
    acknowledged,
    anomalies,
    recoveryMs,
    worst,
    seconds,
  }
}

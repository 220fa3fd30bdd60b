/**
 * A1: the victim is killed at a random moment, again and again over the same folder. `A1` kills a process that has the log
 * open, `A1-http` the whole server.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRandom } from '../../src/kernels/index.ts'
import type { AnomalyName } from './anomaly.ts'
import type { PoweredVictim } from './power-cut.ts'
import type { Soak } from './result.ts'
import { checkServer, startVictim } from './server-victim.ts'
import { addUp, checkLog, pause, startWriter, type Checked, type Journal } from './writer.ts'

interface Target {
  start(folder: string, seed: number, journal: Journal): Promise<PoweredVictim>
  check(folder: string, journal: Journal): Promise<Checked>
}

const log: Target = {
  async start(folder, seed, journal) {
    const writer = startWriter(folder, seed, journal)
    await writer.opened
    return writer
  },
  check: (folder, journal) => checkLog(folder, journal),
}

const server: Target = {
  async start(folder, seed, journal) {
    await mkdir(folder, { recursive: true })
    const victim = await startVictim(folder, seed, journal)
    return { freeze: () => victim.senders.freeze(), kill: () => victim.kill() }
  },
  check: checkServer,
}

const killStormOf =
  (id: string, target: Target, defaultRounds: number): Soak =>
  async ({ seed, rounds = defaultRounds }) => {
    const began = performance.now()
    const random = createRandom(seed)
    const dir = await mkdtemp(join(tmpdir(), 'millrace-a1-'))
    const folder = join(dir, 'data')
    const journal: Journal = new Map()
    const anomalies: Partial<Record<AnomalyName, number>> = {}
    const recoveryMs: number[] = []
    let worst: string | undefined
    try {
      for (let round = 0; round < rounds; round++) {
        const victim = await target.start(folder, seed + round, journal)
        await pause(50 + random.int(1_450))
        victim.freeze()
        await victim.kill()
        const checked = await target.check(folder, journal)
        addUp(anomalies, checked.anomalies)
        recoveryMs.push(checked.recoveryMs)
        worst ??= checked.worst
      }
    } finally {
      await rm(dir, { recursive: true, force: true })
    }
    const seconds = (performance.now() - began) / 1_000
    const acknowledged = journal.size
    const facts = { id, promise: 'P1 P5', seed, rounds, acknowledged, anomalies, recoveryMs }
    return { ...facts, worst, seconds }
  }

export const killStorm = killStormOf('A1', log, 60)
export const killStormOfServer = killStormOf('A1-http', server, 20)

/**
 * A2: power cut on ext4 and xfs; one round in four has slow syncs, so that what is not synced stays so for long enough to be
 * seen. The control never syncs and must lose. `A2` cuts under the log, `A2-http` under the whole server.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createRandom } from '../../src/kernels/index.ts'
import type { AnomalyName } from './anomaly.ts'
import {
  cutPower,
  FILE_SYSTEMS,
  missingForPowerCut,
  type FileSystem,
  type PoweredVictim,
} from './power-cut.ts'
import type { Soak } from './result.ts'
import { checkServer, startVictim } from './server-victim.ts'
import { addUp, checkLog, startWriter, type Checked, type Journal } from './writer.ts'

interface Target {
  start(folder: string, seed: number, journal: Journal, sync: string): Promise<PoweredVictim>
  check(folder: string, journal: Journal): Promise<Checked>
}

const log: Target = {
  async start(folder, seed, journal, sync) {
    const writer = startWriter(join(folder, 'log'), seed, journal, sync)
    await writer.opened
    return writer
  },
  check: (folder, journal) => checkLog(join(folder, 'log'), journal),
}

const server: Target = {
  async start(folder, seed, journal, sync) {
    await mkdir(folder)
    const victim = await startVictim(folder, seed, journal, sync)
    return { freeze: () => victim.senders.freeze(), kill: () => victim.kill() }
  },
  check: checkServer,
}

const powerCutOf =
  (id: string, target: Target, defaultRounds: number): Soak =>
  async ({ seed, rounds = defaultRounds }) => {
    const skipped = missingForPowerCut()
    if (skipped !== undefined) return { id, skipped }
    const began = performance.now()
    const random = createRandom(seed)
    const anomalies: Partial<Record<AnomalyName, number>> = {}
    const recoveryMs: number[] = []
    let [acknowledged, worst] = [0, undefined as string | undefined]
    for (let round = 0; round < rounds; round++) {
      const kind = FILE_SYSTEMS[round % 3 === 2 ? 1 : 0]
      const sync = round % 4 === 3 ? 'slow' : ''
      const one = await cutOnce(target, kind, {
        seed: seed + round,
        waitMs: 300 + random.int(1_200),
        sync,
      })
      acknowledged += one.acknowledged
      addUp(anomalies, one.checked.anomalies)
      recoveryMs.push(one.checked.recoveryMs)
      worst ??= one.checked.worst && `${kind}, round ${round}: ${one.checked.worst}`
    }
    const controls = { caught: 0, total: FILE_SYSTEMS.length }
    for (const kind of FILE_SYSTEMS) {
      const { checked } = await cutOnce(target, kind, { seed, waitMs: 1_000, sync: 'none' })
      if (Object.keys(checked.anomalies).length > 0) controls.caught++
    }
    const seconds = (performance.now() - began) / 1_000
    const facts = { id, promise: 'P1 P5', seed, rounds, acknowledged, anomalies, recoveryMs }
    return { ...facts, worst, controls, seconds }
  }

async function cutOnce(
  target: Target,
  kind: FileSystem,
  { seed, waitMs, sync }: { seed: number; waitMs: number; sync: string },
): Promise<{ checked: Checked; acknowledged: number }> {
  const journal: Journal = new Map()
  const checked = await cutPower({
    kind,
    waitMs,
    start: (folder) => target.start(folder, seed, journal, sync),
    check: (folder) => target.check(folder, journal),
  })
  return { checked, acknowledged: journal.size }
}

export const powerCut = powerCutOf('A2', log, 30)
export const powerCutOfServer = powerCutOf('A2-http', server, 12)

/**
 * B1: a sink under a storm of SIGKILL while a foreign reader lists the folder. At every look the rows of each partition are a
 * duplicate-free, gap-free prefix of the log, never fewer than before; at the end they and the dead letters are the log.
 * Then the lake is thrown away and written anew with other timing: the same files (B9). A round is one kill of each layout.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRandom } from '../../../src/kernels/index.ts'
import { Anomaly } from '../anomaly.ts'
import { createFindings } from '../findings.ts'
import type { Soak } from '../result.ts'
import { pause } from '../writer.ts'
import { LAYOUTS, type ChildOptions } from './child.ts'
import { assertForwards, createConveyor, type Conveyor, type Offsets } from './conveyor.ts'
import { PARTITIONS } from './events.ts'

const LOOK_EVERY_MS = 200
/** First wins; a batch of a kill that comes early is cut by the flush of the next run. */
const POLICY: Partial<ChildOptions> = { policy: { rows: 750, everyMs: 2_000 } }

export interface Storm {
  readonly kills: number
  readonly total: number
}

export const conveyorSoak: Soak = async ({ seed, rounds = 20 }) => {
  const began = performance.now()
  const findings = createFindings()
  const recoveryMs: number[] = []
  let [acknowledged, looks] = [0, 0]
  const storm = { kills: rounds, total: Math.max(20_000, rounds * 1_000) }
  for (const [at, layout] of LAYOUTS.entries()) {
    const dir = await mkdtemp(join(tmpdir(), 'millrace-b1-'))
    try {
      await findings.attempt(layout, async () => {
        const conveyor = createConveyor(dir, layout)
        looks += await runStorm(conveyor, seed + at, storm, recoveryMs)
        await conveyor.assertWhole(storm.total)
        acknowledged += storm.total
        await writeAnew(conveyor)
      })
    } finally {
      await rm(dir, { recursive: true, force: true })
    }
  }
  const seconds = (performance.now() - began) / 1_000
  const { anomalies, worst } = findings
  const facts = { id: 'B1', promise: 'P2 P3 P5 P8 P10', seed, rounds: 2 * rounds, acknowledged }
  return { ...facts, anomalies, worst, recoveryMs, seconds, more: { looks } }
}

/** Answers how often the reader looked. */
async function runStorm(
  conveyor: Conveyor,
  seed: number,
  { kills, total }: Storm,
  recoveryMs: number[],
): Promise<number> {
  const random = createRandom(seed)
  const done = new AbortController()
  const looking = lookOn(conveyor, done.signal)
  // Told when it is awaited; until then it must not end the process.
  looking.catch(() => {})
  try {
    for (let kill = 0; kill < kills && !done.signal.aborted; kill++) {
      // Part of the rows each time, so that there is something left for the next run to read while it recovers.
      const rows = PARTITIONS * Math.ceil((total * (kill + 1)) / (kills + 1) / PARTITIONS)
      const run = conveyor.start({ ...POLICY, steps: [rows] })
      const started = performance.now()
      try {
        await run.opened
        recoveryMs.push(performance.now() - started)
        await pause(20 + random.int(600))
      } finally {
        await run.kill()
      }
    }
    await conveyor.finish({ ...POLICY, steps: [total] })
  } finally {
    done.abort()
  }
  return looking
}

async function lookOn(conveyor: Conveyor, stopped: AbortSignal): Promise<number> {
  let before: Offsets = []
  for (let looks = 0; ; looks++) {
    const now = await conveyor.look()
    assertForwards(before, now)
    before = now
    if (stopped.aborted) return looks
    await pause(LOOK_EVERY_MS)
  }
}

/** B9: the boundaries of the log decide what a batch is, whatever the clock and the policy are by now. */
async function writeAnew(conveyor: Conveyor): Promise<void> {
  const before = await conveyor.digests()
  await rm(join(conveyor.dir, 'lake'), { recursive: true })
  await conveyor.finish({ policy: { rows: 97, everyMs: 40 } })
  assertSameFiles(before, await conveyor.digests(), 'written anew')
}

export function assertSameFiles(
  before: readonly string[],
  now: readonly string[],
  what: string,
): void {
  const other =
    before.find((file) => !now.includes(file)) ?? now.find((file) => !before.includes(file))
  if (other !== undefined) throw new Anomaly('changed', `${what}: ${other} is only in one of both`)
}

/**
 * A11: opening after `kill -9` costs what the last segment costs, however much is sealed before it. A round adds segments;
 * the dearest opening may not be dearer than the first ones by more than the noise of a shared machine.
 */
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLog } from '../../src/log/index.ts'
import type { AnomalyName } from './anomaly.ts'
import type { Soak } from './result.ts'

const SEGMENT_BYTES = 8 * 1024 * 1024
const RECORDS = 100_000
const VALUE = new Uint8Array(100).fill(120)
const OPENINGS = 5
const MAX_MS = 5_000
/** Growth that counts: the sealed log grows tenfold and more. */
const MAX_GROWTH = 3

/** A round is a hundred thousand records, 11 MB. */
export const openCost: Soak = async ({ seed, rounds = 10 }) => {
  const began = performance.now()
  const root = await mkdtemp(join(tmpdir(), 'millrace-a11-'))
  const anomalies: Partial<Record<AnomalyName, number>> = {}
  const recoveryMs: number[] = []
  let worst: string | undefined
  try {
    for (let round = 0; round < rounds; round++) {
      await grow(join(root, 'log'))
      recoveryMs.push(await openingAfterCrash(root, (round + 1) * RECORDS))
    }
    const [first = 0, last = 0] = [recoveryMs[0], recoveryMs.at(-1)]
    // Below 50 ms it is the noise of starting that is measured.
    if (last > MAX_MS || last > MAX_GROWTH * Math.max(50, first)) {
      anomalies.stuck = 1
      worst = `opening took ${Math.round(first)} ms at first and ${Math.round(last)} ms with ${rounds} times as much`
    }
  } finally {
    await rm(root, { recursive: true, force: true })
  }
  const seconds = (performance.now() - began) / 1_000
  const acknowledged = rounds * RECORDS
  const facts = { id: 'A11', promise: 'P5', seed, rounds, acknowledged, anomalies, recoveryMs }
  const more = { opening_ms: recoveryMs.map((ms) => Math.round(ms)) }
  return { ...facts, worst, seconds, more }
}

async function grow(dir: string): Promise<void> {
  const log = await openLog({ dir, cleanIntervalMs: 0 })
  await log.createTopic({ name: 't', config: { segmentBytes: SEGMENT_BYTES } })
  const record = { key: null, value: VALUE, headers: [], timestamp: 1_700_000_000_000 }
  for (let sent = 0; sent < RECORDS; sent += 10_000) {
    await log.append(
      't',
      Array.from({ length: 10_000 }, () => record),
    )
  }
  await log.close()
}

/** The fastest of a few openings of a copy that has no mark of an orderly close. */
async function openingAfterCrash(root: string, expected: number): Promise<number> {
  const times: number[] = []
  const crashed = join(root, 'crashed')
  await cp(join(root, 'log'), crashed, { recursive: true })
  for (let opening = 0; opening < OPENINGS; opening++) {
    await rm(join(crashed, 'clean.json'), { force: true })
    const began = performance.now()
    const log = await openLog({ dir: crashed, cleanIntervalMs: 0 })
    times.push(performance.now() - began)
    const { end } = (await log.topic('t')).partitions[0]!
    await log.close()
    if (end !== expected) throw new Error(`the log ends at ${end}, not at ${expected}`)
  }
  await rm(crashed, { recursive: true, force: true })
  return Math.min(...times)
}

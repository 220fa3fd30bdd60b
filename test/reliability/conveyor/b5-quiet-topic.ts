/**
 * B5: one event, then silence. Its file appears within the batch's time and a second, whatever the wall clock does meanwhile:
 * it stays, jumps back an hour, jumps ahead a year. A round is one event.
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger, systemClock, type Clock } from '../../../src/core/index.ts'
import { openLake } from '../../../src/lake/index.ts'
import { openLog } from '../../../src/log/index.ts'
import { openTableSink } from '../../../src/stream/index.ts'
import { Anomaly } from '../anomaly.ts'
import { createFindings } from '../findings.ts'
import type { Soak } from '../result.ts'
import { pause } from '../writer.ts'
import { COLUMNS, eventAt, PARTITIONS, TOPIC } from './events.ts'

const HOUR_MS = 3_600_000
const JUMPS_MS = [0, -HOUR_MS, 365 * 24 * HOUR_MS]
const WINDOW_MS = 1_000
const GRACE_MS = 1_000

export const quietTopic: Soak = async ({ seed, rounds = 6 }) => {
  const began = performance.now()
  const findings = createFindings()
  const appearedMs: number[] = []
  for (let round = 0; round < rounds; round++) {
    const jumpMs = JUMPS_MS[(seed + round) % JUMPS_MS.length]!
    const trigger = round % 2 === 0 ? 'everyMs' : 'idleMs'
    const dir = await mkdtemp(join(tmpdir(), 'millrace-b5-'))
    try {
      await findings.attempt(`${trigger}, the clock jumps by ${jumpMs} ms`, async () => {
        appearedMs.push(await oneEvent(dir, { [trigger]: WINDOW_MS }, jumpMs))
      })
    } finally {
      await rm(dir, { recursive: true, force: true })
    }
  }
  const seconds = (performance.now() - began) / 1_000
  const { anomalies, worst } = findings
  const facts = { id: 'B5', promise: 'P2 P20', seed, rounds, acknowledged: rounds }
  const more = { appeared_ms_max: Math.round(Math.max(0, ...appearedMs)) }
  return { ...facts, anomalies, worst, seconds, more }
}

/** Milliseconds from the event to its file. */
async function oneEvent(
  dir: string,
  policy: { readonly everyMs?: number; readonly idleMs?: number },
  jumpMs: number,
): Promise<number> {
  let offsetMs = 0
  const clock: Clock = { ...systemClock, now: () => systemClock.now() + offsetMs }
  const log = await openLog({ dir: join(dir, 'log'), clock })
  const lake = await openLake({ dir: join(dir, 'lake'), clock, logger: silentLogger })
  try {
    await log.createTopic({ name: TOPIC, partitions: PARTITIONS })
    const table = await lake.openTable({ name: TOPIC, topic: TOPIC, columns: COLUMNS })
    const sink = await openTableSink({ log, table, topic: TOPIC, columns: COLUMNS, clock, policy })
    const files = async (): Promise<number> =>
      (await readdir(join(dir, 'lake', TOPIC, 'current')).catch(() => [])).length
    await log.append(TOPIC, [eventAt(1, 0)])
    const appended = performance.now()
    offsetMs = jumpMs
    while ((await files()) === 0) {
      if (performance.now() - appended > WINDOW_MS + GRACE_MS)
        throw new Anomaly('stuck', `no file ${WINDOW_MS + GRACE_MS} ms after the event`)
      await pause(10)
    }
    const appeared = performance.now() - appended
    await sink.close()
    return appeared
  } finally {
    await lake.close()
    await log.close()
  }
}

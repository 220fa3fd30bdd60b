/** A9: a partition as a queue: appended to at one end, trimmed by retention at the other. Nothing is missing, nothing grows. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLog } from '../../src/log/index.ts'
import type { AnomalyName } from './anomaly.ts'
import type { Soak } from './result.ts'
import { payload } from './payload.ts'

const SEGMENT_BYTES = 4 * 1024 * 1024
const RETENTION_BYTES = 16 * 1024 * 1024
const BATCH = 10_000
const RECORD_BYTES = 40
const CLEAN_EVERY = 5

/** A round is ten thousand records. */
export const queueLife: Soak = async ({ seed, rounds = 500 }) => {
  const began = performance.now()
  const dir = await mkdtemp(join(tmpdir(), 'millrace-a9-'))
  const anomalies: Partial<Record<AnomalyName, number>> = {}
  let [worst, bytesMax, next] = [undefined as string | undefined, 0, 0]
  const note = (name: AnomalyName, what: string): void => {
    anomalies[name] = (anomalies[name] ?? 0) + 1
    worst ??= what
  }
  const log = await openLog({ dir, cleanIntervalMs: 0 })
  try {
    const config = { segmentBytes: SEGMENT_BYTES, retentionBytes: RETENTION_BYTES }
    await log.createTopic({ name: 'queue', config })
    const consumer = await log.consumer({ group: 'g', topics: ['queue'], from: 'earliest' })
    for (let round = 0; round < rounds; round++) {
      const records = Array.from({ length: BATCH }, (_, at) => ({
        key: null,
        value: payload(`${round}-${at}`, RECORD_BYTES),
        headers: [],
        timestamp: 1_700_000_000_000,
      }))
      await log.append('queue', records)
      while (next < (round + 1) * BATCH) {
        for (const { offset } of await consumer.poll({ maxRecords: BATCH, timeoutMs: 0 })) {
          if (offset !== next) note('gap', `offset ${offset} came after ${next - 1}`)
          next = offset + 1
        }
      }
      const place = { topic: 'queue', partition: 0, offset: next }
      await consumer.commitOffsets([place])
      log.hold('queue', place)
      if (round % CLEAN_EVERY === 0) await log.clean()
      const { bytes } = (await log.topic('queue')).partitions[0]!
      bytesMax = Math.max(bytesMax, bytes)
      const written = CLEAN_EVERY * BATCH * RECORD_BYTES * 2
      if (bytes > RETENTION_BYTES + 2 * SEGMENT_BYTES + written)
        note('stuck', `${bytes} bytes are kept`)
    }
  } finally {
    await log.close()
    await rm(dir, { recursive: true, force: true })
  }
  const seconds = (performance.now() - began) / 1_000
  const facts = {
    id: 'A9',
    promise: 'P17',
    seed,
    rounds,
    acknowledged: next,
    anomalies,
    worst,
    seconds,
  }
  return { ...facts, more: { bytes_max: bytesMax } }
}

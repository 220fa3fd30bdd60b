import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import type { Benchmark } from '../benchmark.ts'
import { makeWorkplace, timeFilling, RECORD_BYTES, RECORDS, VALUE } from '../log-records.ts'

/** What one write and one sync carry, as in the log. */
const CHUNK_BYTES = 1024 * 1024

/**
 * L1-bare: the log against nothing but its disk: the same bytes, a length before each record, no checksum, no time, no key,
 * written and synced a megabyte at a time. What is between the two is what a log costs.
 */
export const bareAppend: Benchmark = {
  id: 'L1-bare',
  question:
    'How many durable 100-byte appends a second, against bare writes and syncs of the same bytes?',
  work: RECORDS,
  unit: 'records/s',
  floor: 0.5,
  async prepare() {
    const place = await makeWorkplace()
    let round = 0
    const folder = async (): Promise<string> => {
      round += 1
      const dir = join(place.dir, String(round))
      await mkdir(dir)
      return dir
    }
    return {
      versions: { node: process.version },
      ours: { run: async () => timeFilling(await folder()) },
      peer: { run: async () => writeBare(join(await folder(), 'bare')) },
      close: () => place.close(),
    }
  },
}

async function writeBare(path: string): Promise<number> {
  const file = await open(path, 'w')
  const began = performance.now()
  const chunk = Buffer.alloc(CHUNK_BYTES)
  let at = 0
  for (let sent = 0; sent < RECORDS; sent++) {
    if (at + 4 + RECORD_BYTES > CHUNK_BYTES) {
      await file.write(chunk, 0, at)
      await file.datasync()
      at = 0
    }
    at = chunk.writeUInt32BE(RECORD_BYTES, at)
    chunk.set(VALUE, at)
    at += RECORD_BYTES
  }
  await file.write(chunk, 0, at)
  await file.datasync()
  const seconds = (performance.now() - began) / 1_000
  await file.close()
  return seconds
}

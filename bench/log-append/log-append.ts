import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Benchmark } from '../benchmark.ts'
import { fillLmdb, openLmdb } from '../lmdb-peer.ts'
import { makeWorkplace, packageVersions, RECORDS, timeFilling } from '../log-records.ts'

/** L1: durable appends, checksummed, group commit, one producer in the same process, against lmdb-js async puts. */
export const logAppend: Benchmark = {
  id: 'L1',
  question: 'How many durable 100-byte appends a second, against lmdb-js?',
  work: RECORDS,
  unit: 'records/s',
  floor: 2,
  async prepare() {
    const place = await makeWorkplace()
    let round = 0
    const folder = async (): Promise<string> => {
      round += 1
      const dir = join(place.dir, String(round))
      await mkdir(dir)
      return dir
    }
    await openLmdb(await folder()).close()
    return {
      versions: await packageVersions('lmdb'),
      ours: { run: async () => timeFilling(await folder()) },
      peer: {
        async run() {
          const store = openLmdb(await folder())
          const began = performance.now()
          await fillLmdb(store)
          const seconds = (performance.now() - began) / 1_000
          await store.close()
          return seconds
        },
      },
      close: () => place.close(),
    }
  },
}

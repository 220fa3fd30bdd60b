import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Benchmark } from '../benchmark.ts'
import { fillLmdb, openLmdb } from '../lmdb-peer.ts'
import { fillLog, makeWorkplace, openBenchLog, packageVersions, RECORDS } from '../log-records.ts'

/** L6: warm replay of the whole log in order, checksums verified on our side, against an lmdb-js range read. */
export const logRead: Benchmark = {
  id: 'L6',
  question: 'How many records a second does a warm replay give, against an lmdb-js range read?',
  work: RECORDS,
  unit: 'records/s',
  floor: 3,
  async prepare() {
    const place = await makeWorkplace()
    await mkdir(join(place.dir, 'log'))
    await mkdir(join(place.dir, 'lmdb'))
    const log = await openBenchLog(join(place.dir, 'log'))
    await fillLog(log, 'bench')
    const store = openLmdb(join(place.dir, 'lmdb'))
    await fillLmdb(store)
    return {
      versions: await packageVersions('lmdb'),
      ours: {
        async run() {
          const began = performance.now()
          let bytes = 0
          for await (const batch of log.read('bench', 0, 0)) {
            for (const record of batch.records) bytes += record.value?.length ?? 0
          }
          check(bytes)
          return (performance.now() - began) / 1_000
        },
      },
      peer: {
        async run() {
          const began = performance.now()
          let bytes = 0
          for (const { value } of store.getRange({})) bytes += value.length
          check(bytes)
          return (performance.now() - began) / 1_000
        },
      },
      async close() {
        await log.close()
        await store.close()
        await place.close()
      },
    }
  },
}

function check(bytes: number): void {
  if (bytes !== RECORDS * 100) throw new Error(`read ${bytes} bytes of ${RECORDS * 100}`)
}

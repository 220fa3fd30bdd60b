/** lmdb-js as a queue: keys are the record's number, values its bytes, puts batched and synced by the library. */
import { npmPeer } from './peers.ts'
import { RECORDS, VALUE } from './log-records.ts'

export interface LmdbStore {
  put(key: number, value: Uint8Array): Promise<boolean>
  getRange(options: object): Iterable<{ key: number; value: Uint8Array }>
  readonly flushed: Promise<boolean>
  close(): Promise<void>
}

const lmdb = (): { open(options: object): LmdbStore } =>
  npmPeer('lmdb', '3.5.6') as { open(options: object): LmdbStore }

export const openLmdb = (path: string): LmdbStore =>
  lmdb().open({ path, keyEncoding: 'uint32', encoding: 'binary', mapSize: 4 * 1024 ** 3 })

/** Puts that wait at once; more only takes memory. */
const IN_FLIGHT = 50_000

export async function fillLmdb(store: LmdbStore): Promise<void> {
  const value = Buffer.from(VALUE)
  let last: Promise<boolean> = Promise.resolve(true)
  for (let key = 0; key < RECORDS; key += 1) {
    last = store.put(key, value)
    if (key % IN_FLIGHT === IN_FLIGHT - 1) await last
  }
  await last
  await store.flushed
}

import { expect, test } from 'vitest'
import { createRandom } from '../../kernels/index.ts'
import { digestOf, IdIndex } from './id-index.ts'

/** What it must equal: a map in order of first setting. */
function createModel(maxIds: number) {
  const entries = new Map<number, { partition: number; offset: number; at: number }>()
  return {
    set(id: number, partition: number, offset: number, at: number): void {
      if (!entries.has(id) && entries.size === maxIds) entries.delete(entries.keys().next().value!)
      entries.set(id, { partition, offset, at })
    },
    get(id: number, since: number) {
      const entry = entries.get(id)
      return entry && entry.at >= since
        ? { partition: entry.partition, offset: entry.offset }
        : undefined
    },
    expire(since: number): void {
      for (const [id, { at }] of entries) {
        if (at >= since) return
        entries.delete(id)
      }
    },
    size: () => entries.size,
  }
}

test.each([1, 2, 700, 1_500, 5_000])(
  'an index of %i ids answers as a map does, through growth, eviction and expiry',
  (maxIds) => {
    const seed = maxIds * 31 + 7
    const random = createRandom(seed)
    const index = new IdIndex(maxIds)
    const model = createModel(maxIds)
    let now = 1_000
    for (let step = 0; step < 20_000; step++) {
      const id = random.int(8_000)
      const digest = digestOf(String(id))
      if (random.int(2) === 0) {
        const place = { partition: random.int(1_000), offset: random.int(2 ** 31) * 1_000 }
        index.set(digest, place, now)
        model.set(id, place.partition, place.offset, now)
      } else {
        expect(index.get(digest, now - 500), `step ${step}`).toEqual(model.get(id, now - 500))
      }
      if (random.int(20) === 0) now++
      if (random.int(2_000) === 0) {
        index.expire(now - 100)
        model.expire(now - 100)
      }
      if (index.size !== model.size()) expect(index.size, `step ${step}`).toBe(model.size())
    }
  },
)

test('a million ids take at most 40 MB once the ring is full', () => {
  const index = new IdIndex(1_000_000)
  for (let id = 0; id < 1_000_000; id++) {
    index.set([(id * 2_654_435_761) >>> 0, (id * 40_503) >>> 0], { partition: 0, offset: id }, 1)
  }
  expect(index.size).toBe(1_000_000)
  expect(index.bytes).toBeLessThan(40_000_000)
})

test('digests have no pattern that ids could choose', () => {
  expect(digestOf('a')).not.toEqual(digestOf('b'))
  expect(digestOf('ü')).toEqual(digestOf(Buffer.from('ü')))
})

/** S1: the exact list of ten, in process and on one thread, against hnswlib's brute force over the same trained factors. */
import { createTopN, type Side } from '../../src/kernels/index.ts'
import type { Benchmark } from '../benchmark.ts'
import { npmPeer } from '../peers.ts'
import { trainedFactors } from './factors.ts'

const [PEER, VERSION] = ['hnswlib-node', '3.0.0']
const [D, LIMIT] = [64, 10]
/** Least share of the peer's lists that ours have too. */
const RECALL = 0.999

interface BruteForce {
  initIndex(most: number): void
  addPoint(point: number[], label: number): void
  searchKnn(query: number[], limit: number): { readonly neighbors: number[] }
}
interface Hnswlib {
  readonly BruteforceSearch: new (space: 'ip', d: number) => BruteForce
}

export const topNSmall = topN({
  id: 'S1',
  shape: { rows: 60_000, columns: 27_278, entries: 3_000_000 },
  queries: 1_000,
})
export const topNLarge = topN({
  id: 'S1-1M',
  shape: { rows: 60_000, columns: 1_000_000, entries: 5_000_000 },
  queries: 200,
})

interface Work {
  readonly id: string
  readonly shape: Readonly<Record<Side | 'entries', number>>
  readonly queries: number
}

function topN({ id, shape, queries }: Work): Benchmark {
  return {
    id,
    question: `How many exact lists of ${LIMIT} a second from ${shape.columns} items of ${D} factors, on one thread, against hnswlib's brute force?`,
    work: queries,
    unit: 'lists/s',
    floor: 2,
    async prepare() {
      const peer = openPeer()
      const { rows, columns } = await trainedFactors(shape, D)
      const ours = createTopN(columns, D)
      peer.initIndex(shape.columns)
      for (let item = 0; item < shape.columns; item++)
        peer.addPoint(Array.from(columns.subarray(item * D, (item + 1) * D)), item)
      // Users from the whole range of activity.
      const asked = Array.from({ length: queries }, (_, q) => {
        const user = Math.floor((q * shape.rows) / queries)
        return rows.subarray(user * D, (user + 1) * D)
      })
      const askedOfPeer = asked.map((query) => Array.from(query))
      const recall = recallOf(
        asked.map((query) => ours.search(query, LIMIT).rows),
        askedOfPeer.map((query) => peer.searchKnn(query, LIMIT).neighbors),
      )
      if (recall < RECALL) throw new Error(`only ${recall} of the peer's lists are in ours`)
      return {
        versions: { [PEER]: VERSION },
        ours: { run: async () => timed(() => asked.forEach((query) => ours.search(query, LIMIT))) },
        peer: {
          run: async () =>
            timed(() => askedOfPeer.forEach((query) => peer.searchKnn(query, LIMIT))),
        },
        figures: () => ({ recall }),
        close: async () => {},
      }
    },
  }
}

const openPeer = (): BruteForce => new (npmPeer(PEER, VERSION) as Hnswlib).BruteforceSearch('ip', D)

function timed(work: () => void): number {
  const began = performance.now()
  work()
  return (performance.now() - began) / 1_000
}

function recallOf(ours: readonly Int32Array[], peer: readonly (readonly number[])[]): number {
  let found = 0
  for (const [q, list] of peer.entries()) {
    const own = new Set(ours[q])
    found += list.filter((item) => own.has(item)).length
  }
  return found / (peer.length * LIMIT)
}

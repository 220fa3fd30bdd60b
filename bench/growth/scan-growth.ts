/** How the scan for a list grows with the catalogue; factors are random, so that nothing is left out by its length. */
import { createTopN, type TopN } from '../../src/kernels/index.ts'
import type { Benchmark } from '../benchmark.ts'
import { randomFactors } from '../top-n/factors.ts'

const D = 64
const QUERIES = 20

interface Growth {
  readonly id: string
  readonly from: number
  readonly to: number
  /** Times what is linear: 1.3 for the step out of the last-level cache, 1.05 beside it. */
  readonly slack: number
}

export const scanGrowth = growth({ id: 'G-scan', from: 27_278, to: 1_000_000, slack: 1.365 })
export const scanGrowthLarge = growth({
  id: 'G-scan-10M',
  from: 1_000_000,
  to: 10_000_000,
  slack: 1.05,
})

function growth({ id, from, to, slack }: Growth): Benchmark {
  return {
    id,
    question: `Does a list from ${to} items take at most ${slack} times what is linear from ${from}, at ${D} factors?`,
    work: QUERIES,
    unit: 'lists/s',
    floor: 1,
    async prepare() {
      const small = createTopN(randomFactors(from, D, 1), D)
      const large = createTopN(randomFactors(to, D, 2), D)
      const queries = randomFactors(QUERIES, D, 3)
      search(small, queries)
      search(large, queries)
      return {
        versions: {},
        ours: { run: async () => search(large, queries) },
        // Ten times the queries: the small one is too short to time.
        peer: {
          run: async () => {
            let seconds = 0
            for (let turn = 0; turn < 10; turn++) seconds += search(small, queries) / 10
            return seconds * (to / from) * slack
          },
        },
        figures: () => ({ residentMiB: Math.round(process.memoryUsage.rss() / 2 ** 20) }),
        close: async () => {},
      }
    },
  }
}

function search(table: TopN, queries: Float32Array): number {
  const began = performance.now()
  for (let q = 0; q < QUERIES; q++) table.search(queries.subarray(q * D, (q + 1) * D), 10)
  return (performance.now() - began) / 1_000
}

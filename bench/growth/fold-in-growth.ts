/** How folding a history in grows with its length. */
import { foldIn, gramOf } from '../../src/kernels/index.ts'
import type { Benchmark } from '../benchmark.ts'
import { randomFactors } from '../top-n/factors.ts'

const [ITEMS, D, SHORT, LONG] = [20_108, 64, 10, 10_000]

export const foldInGrowth: Benchmark = {
  id: 'G-fold-in',
  question: `Does folding in ${LONG} items take at most ${LONG / SHORT} times as long as ${SHORT}, at ${D} factors?`,
  work: 1,
  unit: 'histories/s',
  floor: 1,
  async prepare() {
    const table = { values: randomFactors(ITEMS, D, 1), factors: D, stride: D }
    const gram = gramOf(table).map((sum) => 0.1 * sum)
    const fold = (entries: number, turns: number): number => {
      const column = Int32Array.from({ length: entries }, (_, at) => (at * 7) % ITEMS)
      const weight = new Float64Array(entries).fill(2)
      const began = performance.now()
      for (let turn = 0; turn < turns; turn++)
        foldIn(table, gram, 0.5, { column, square: weight, target: weight })
      return (performance.now() - began) / 1_000 / turns
    }
    fold(SHORT, 1_000)
    const seconds = { short: 0, long: 0 }
    return {
      versions: {},
      ours: { run: async () => (seconds.long = fold(LONG, 20)) },
      peer: { run: async () => (LONG / SHORT) * (seconds.short = fold(SHORT, 2_000)) },
      figures: () => ({
        shortMicroseconds: Math.round(seconds.short * 1e6),
        longMicroseconds: Math.round(seconds.long * 1e6),
      }),
      close: async () => {},
    }
  },
}

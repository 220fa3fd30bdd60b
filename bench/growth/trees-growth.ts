/** How the cost of learning boosted trees grows: the "peer" is the smaller work, times the growth that is allowed. */
import type { Benchmark } from '../benchmark.ts'
import { fitTrees } from '../boosted-trees/boosted-trees.ts'
import { datasetOf, makeRows } from '../made-rows.ts'

interface Shape {
  readonly rows: number
  readonly columns: number
}

interface Growth {
  readonly id: string
  readonly question: string
  readonly from: Shape
  readonly to: Shape
  /** Times the cost of `from`. */
  readonly allowed: number
}

const TREES = 30

export const treeRowsGrowth = growth({
  id: 'G-trees-rows',
  question: 'Does learning boosted trees from 10 times the rows take at most 10.5 times as long?',
  from: { rows: 100_000, columns: 28 },
  to: { rows: 1_000_000, columns: 28 },
  allowed: 10.5,
})
export const treeColumnsGrowth = growth({
  id: 'G-trees-columns',
  question: 'Does learning boosted trees from 8 times the columns take at most 8.4 times as long?',
  from: { rows: 100_000, columns: 28 },
  to: { rows: 100_000, columns: 224 },
  allowed: 8.4,
})

function growth({ id, question, from, to, allowed }: Growth): Benchmark {
  return {
    id,
    question,
    work: TREES,
    unit: 'trees/s',
    floor: 1,
    async prepare() {
      const run = (shape: Shape, times: number) => {
        const data = datasetOf(makeRows(shape.rows, shape.columns, 1))
        return {
          async run() {
            const began = performance.now()
            await fitTrees(data, 1, TREES)
            return ((performance.now() - began) / 1_000) * times
          },
        }
      }
      return { ours: run(to, 1), peer: run(from, allowed), versions: {}, close: async () => {} }
    },
  }
}

/** How the cost of an ALS iteration grows: the "peer" is the smaller work, times the growth that is allowed. */
import {
  alsBytes,
  createRandom,
  openAls,
  type HalfStep,
  type Side,
} from '../../src/kernels/index.ts'
import { makeMatrix, ML_20M, type Matrix, type MatrixShape } from '../als-train/matrix.ts'
import type { Benchmark } from '../benchmark.ts'

interface Work {
  readonly shape: MatrixShape
  readonly factors: number
  readonly method: HalfStep['method']
}

interface Growth {
  readonly id: string
  readonly question: string
  readonly from: Work
  readonly to: Work
  /** Times the cost of `from`. */
  readonly allowed: number
}

const THREADS = 2
const GRADIENT = { gradientSteps: 2 }
const MILLION: MatrixShape = { ...ML_20M, entries: 1_000_000 }
/** Times the bytes of a tenth of the interactions. */
const MOST_MEMORY = 10.2

const wide = (factors: number, method: HalfStep['method'] = GRADIENT): Work => ({
  shape: ML_20M,
  factors,
  method,
})

export const interactionsGrowth = growth({
  id: 'G-interactions',
  question: 'Does an ALS iteration over 10 times the interactions take at most 10.5 times as long?',
  from: { ...wide(64), shape: MILLION },
  to: wide(64),
  allowed: 10.5,
})
export const gradientGrowth = growth({
  id: 'G-d128',
  question: 'Does a gradient iteration at 128 factors take at most 2.5 times that at 64?',
  from: wide(64),
  to: wide(128),
  allowed: 2.5,
})
export const gradientGrowthWide = growth({
  id: 'G-d256',
  question: 'Does a gradient iteration at 256 factors take at most 2.8 times that at 128?',
  from: wide(128),
  to: wide(256),
  allowed: 2.8,
})
export const exactGrowth = growth({
  id: 'G-exact',
  question: 'Does an exact iteration at 128 factors take at most 4.6 times that at 64?',
  from: wide(64, 'cholesky'),
  to: wide(128, 'cholesky'),
  allowed: 4.6,
})

function growth({ id, question, from, to, allowed }: Growth): Benchmark {
  return {
    id,
    question,
    work: 1,
    unit: 'iterations/s',
    floor: 1,
    async prepare() {
      const matrices = new Map([from, to].map(({ shape }) => [shape, makeMatrix(shape, 1)]))
      const memory = bytesOf(to) / bytesOf(from)
      if (to.factors === from.factors && memory > MOST_MEMORY) {
        throw new Error(`memory grows ${memory} times, at most ${MOST_MEMORY} is allowed`)
      }
      const seconds = { from: 0, to: 0 }
      return {
        versions: {},
        ours: {
          run: async () => (seconds.to = await secondIteration(matrices.get(to.shape)!, to)),
        },
        peer: {
          run: async () =>
            allowed * (seconds.from = await secondIteration(matrices.get(from.shape)!, from)),
        },
        figures: () => ({
          allowed,
          growth: Number((seconds.to / seconds.from).toFixed(2)),
          memoryGrowth: Number(memory.toFixed(2)),
        }),
        close: async () => {},
      }
    },
  }
}

const bytesOf = ({ shape, factors }: Work): number =>
  alsBytes({ ...shape, factors, threads: THREADS })

/** The first one touches memory. */
async function secondIteration(matrix: Matrix, { factors, method }: Work): Promise<number> {
  const als = openAls(matrix, { factors, threads: THREADS })
  const random = createRandom(1)
  const sides: readonly Side[] = ['rows', 'columns']
  for (const side of sides)
    als.write(
      side,
      Float32Array.from({ length: matrix[side] * factors }, () => random.uniform()),
    )
  let began = 0
  for (const iteration of [1, 2]) {
    if (iteration === 2) began = performance.now()
    for (const side of sides) {
      await als.solve({
        side,
        gramWeight: 1,
        square: { scale: 10, shift: -1 },
        target: { scale: 10, shift: 0 },
        penalty: new Float64Array(matrix[side]).fill(0.01),
        method,
      })
    }
  }
  const seconds = (performance.now() - began) / 1_000
  await als.close()
  return seconds
}

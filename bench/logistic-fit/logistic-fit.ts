/** C1: logistic regression with an L2 penalty, columns scaled first, against scikit-learn's L-BFGS at the same objective. */
import { fileURLToPath } from 'node:url'
import { createRandom } from '../../src/kernels/index.ts'
import { fitLogistic } from '../../src/models/logistic/logistic-solver.ts'
import { logistic } from '../../src/models/logistic/logistic.ts'
import { softplus } from '../../src/models/log-odds.ts'
import { parseParams } from '../../src/models/open-model.ts'
import { createPacer } from '../../src/models/pacer.ts'
import { fitStandardizer, standardizedCopy } from '../../src/models/standardizer.ts'
import type { Dataset } from '../../src/models/index.ts'
import type { Benchmark } from '../benchmark.ts'
import { LEARNER_PEERS, openLearnerPeer, type PeerRun } from '../learner-peer.ts'
import { datasetOf, makeRows, writeRows, type MadeRows } from '../made-rows.ts'

const SCRIPT = fileURLToPath(new URL('logistic_peer.py', import.meta.url))
/** Of the mean gradient, as both stop. */
const GRADIENT = 1e-4
/** Part of the objective. */
const TOLERANCE = 1e-4

interface Weights {
  readonly coefficients: ArrayLike<number>
  readonly intercept: number
}

export const logisticC1 = fit('C1', 1_000_000, 28, () => makeRows(1_000_000, 28, 1))
export const logisticC1OneHot = fit('C1-one-hot', 100_000, 500, () => makeOneHot(100_000, 500, 1))

/** Zeros and ones, one of twenty a one; the first 100 columns count. */
function makeOneHot(rows: number, columns: number, seed: number): MadeRows {
  const random = createRandom(seed)
  const weight = Float64Array.from({ length: columns }, (_, j) => (j < 100 ? random.gaussian() : 0))
  const values = new Float32Array(rows * columns)
  const label = new Uint8Array(rows)
  for (let r = 0; r < rows; r++) {
    let score = -0.5
    for (let i = 0; i < columns / 20; i++) {
      const j = random.int(columns)
      values[r * columns + j] = 1
      score += weight[j]!
    }
    label[r] = Number(random.uniform() < 1 / (1 + Math.exp(-score)))
  }
  return { rows, columns, values, label }
}

function fit(id: string, rows: number, columns: number, make: () => MadeRows): Benchmark {
  return {
    id,
    question: `How many rows of ${columns} columns does logistic regression learn from a second, scaling included, against scikit-learn?`,
    work: rows,
    unit: 'rows/s',
    floor: 3,
    async prepare() {
      const python = openLearnerPeer<PeerRun & Weights>(SCRIPT)
      const made = make()
      writeRows(python.folder, 'train', made)
      const data = datasetOf(made)
      const params = parseParams(logistic, { maxIterations: 100, tolerance: GRADIENT })
      const objective: { ours?: number; peer?: number } = {}
      return {
        versions: LEARNER_PEERS,
        ours: {
          async run() {
            const began = performance.now()
            const fitted = await fitLogistic(data, params, { seed: 1 })
            const seconds = (performance.now() - began) / 1_000
            objective.ours ??= await objectiveOf(data, fitted)
            agree(objective)
            return seconds
          },
        },
        peer: {
          async run() {
            const answer = python.run(columns, GRADIENT)
            objective.peer ??= await objectiveOf(data, answer)
            agree(objective)
            return answer.seconds
          },
        },
        figures: () => objective,
        close: () => python.close(),
      }
    },
  }
}

/** Mean loss and penalty, λ = 1, on scaled columns. */
async function objectiveOf(data: Dataset, { coefficients, intercept }: Weights): Promise<number> {
  const pacer = createPacer({ seed: 1 })
  const matrix = await standardizedCopy(
    await fitStandardizer(data.matrix, pacer),
    data.matrix,
    pacer,
  )
  const scores = new Float64Array(matrix.rows)
  matrix.multiply(Float64Array.from(coefficients), scores, 0, matrix.rows)
  let loss = 0
  scores.forEach((score, r) => {
    loss += softplus(score + intercept) - data.label![r]! * (score + intercept)
  })
  const squares = Array.from(coefficients).reduce((sum, w) => sum + w * w, 0)
  return (loss + squares / 2) / matrix.rows
}

/** The same result first, else no time is reported. */
function agree({ ours, peer }: { ours?: number; peer?: number }): void {
  if (ours === undefined || peer === undefined) return
  if (ours / peer - 1 > TOLERANCE) {
    throw new Error(`our objective is ${ours}, the peer's ${peer}: more than ${TOLERANCE} above`)
  }
}

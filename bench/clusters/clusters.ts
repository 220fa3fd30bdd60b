/** C4 and C5: k-means of 100 clusters from the same start, against scikit-learn by Lloyd, by Elkan and by mini-batches. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createPoints, createRandom, type Points } from '../../src/kernels/index.ts'
import { descendByBatches } from '../../src/models/kmeans/kmeans-mini-batch.ts'
import { pointsShape } from '../../src/models/kmeans/kmeans-points.ts'
import { lloyd } from '../../src/models/kmeans/kmeans-solver.ts'
import { createPacer } from '../../src/models/pacer.ts'
import type { Benchmark } from '../benchmark.ts'
import { LEARNER_PEERS, openLearnerPeer, type PeerRun } from '../learner-peer.ts'
import { makeClusteredRows, writeRows } from '../made-rows.ts'

const SCRIPT = fileURLToPath(new URL('clusters_peer.py', import.meta.url))
const [ROWS, COLUMNS, K, ITERATIONS] = [1_000_000, 28, 100, 20]
const BATCH = { rows: 4_096, iterations: 250 }
/** Part of the peer's inertia: the same algorithm from the same start; mini-batches draw other rows. */
const TOLERANCE = { lloyd: 1e-4, elkan: 1e-4, 'mini-batch': 0.01 }

type Algorithm = keyof typeof TOLERANCE

interface Answer extends PeerRun {
  readonly inertia: number
}

export const clustersC4 = clusters('C4', 'lloyd')
export const clustersC4Elkan = clusters('C4-elkan', 'elkan')
export const clustersC5 = clusters('C5', 'mini-batch')

function clusters(id: string, algorithm: Algorithm): Benchmark {
  const isBatches = algorithm === 'mini-batch'
  const iterations = isBatches ? BATCH.iterations : ITERATIONS
  const work = isBatches ? BATCH.iterations * BATCH.rows : ITERATIONS * ROWS
  return {
    id,
    question: `How many rows of ${COLUMNS} columns are put to one of ${K} clusters a second in ${iterations} iterations, against scikit-learn (${algorithm})?`,
    work,
    unit: 'rows/s',
    floor: 1.5,
    async prepare() {
      const python = openLearnerPeer<Answer>(SCRIPT)
      const made = makeClusteredRows(ROWS, COLUMNS, 2 * K, 1)
      writeRows(python.folder, 'train', made)
      const random = createRandom(3)
      const start = new Float32Array(K * COLUMNS)
      for (let c = 0; c < K; c++) {
        const row = random.int(ROWS) * COLUMNS
        start.set(made.values.subarray(row, row + COLUMNS), c * COLUMNS)
      }
      writeFileSync(join(python.folder, 'start.f32'), start)
      const inertia: { ours?: number; peer?: number } = {}
      return {
        versions: LEARNER_PEERS,
        ours: {
          async run() {
            const began = performance.now()
            // As the peer copies its rows, where they are centered.
            const points = createPoints(pointsShape(ROWS, COLUMNS, K))
            points.values.set(made.values)
            const centroids = await descend(points, Float64Array.from(start), algorithm)
            const seconds = (performance.now() - began) / 1_000
            inertia.ours ??= inertiaOf(points, centroids)
            points.close()
            agree(inertia, TOLERANCE[algorithm])
            return seconds
          },
        },
        peer: {
          async run() {
            const answer = python.run(algorithm, COLUMNS, K, iterations, BATCH.rows)
            inertia.peer = answer.inertia
            agree(inertia, TOLERANCE[algorithm])
            return answer.seconds
          },
        },
        figures: () => inertia,
        close: () => python.close(),
      }
    },
  }
}

async function descend(
  points: Points,
  start: Float64Array,
  algorithm: Algorithm,
): Promise<Float64Array> {
  const pacer = createPacer({ seed: 1 })
  if (algorithm !== 'mini-batch') {
    const params = { maxIterations: ITERATIONS, tolerance: 0 }
    return (await lloyd(points, start, params, pacer)).centroids
  }
  const params = { maxIterations: BATCH.iterations, tolerance: 0, batchRows: BATCH.rows }
  await descendByBatches(points, start, params, createRandom(1), pacer)
  return start
}

function inertiaOf(points: Points, centroids: Float64Array): number {
  points.setCenters(centroids)
  points.assign(0, ROWS)
  points.measure(0, ROWS)
  return points.distance.reduce((sum, value) => sum + value, 0)
}

/** The same result first, else no time is reported. */
function agree({ ours, peer }: { ours?: number; peer?: number }, tolerance: number): void {
  if (ours === undefined || peer === undefined) return
  if (ours / peer - 1 > tolerance) {
    throw new Error(`our inertia is ${ours}, the peer's ${peer}: more than ${tolerance} above`)
  }
}

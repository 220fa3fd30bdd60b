/**
 * Mini-batch k-means (Sculley, "Web-scale k-means clustering", WWW 2010, algorithm 1): each iteration draws some rows, puts
 * them to their nearest centroids and moves each of these towards its rows, by less the more rows it has had:
 *
 *   n_c ← n_c + v,   μ_c ← μ_c + (v / n_c) (z − μ_c)
 */
import {
  createPoints,
  squaredDistance,
  type Points,
  type PointsShape,
  type Random,
} from '../../kernels/index.ts'
import type { Pacer } from '../pacer.ts'
import { eachSpan, pointsShape } from './kmeans-points.ts'
import type { KMeansParams } from './kmeans.ts'

/** Rows that the start is chosen from, in mini-batches; as scikit-learn's. */
const START_BATCHES = 3
/** Weight of the newest iteration in the mean move that ends it all: about ten iterations count. */
const NEWEST = 0.1

/** Some rows, drawn with replacement, as points of their own, to be closed. `batch`: the shape of one mini-batch. */
export function drawSample(points: Points, batch: PointsShape, random: Random): Points {
  const rows = Math.min(points.rows, START_BATCHES * batch.rows)
  const sample = createPoints({ ...batch, rows })
  for (let i = 0; i < rows; i++) {
    const r = random.int(points.rows)
    copyRow(points, r, sample, i)
    sample.weights[i] = points.weights[r]!
  }
  return sample
}

function copyRow({ values, stride }: Points, from: number, into: Points, to: number): void {
  for (let j = 0; j < stride; j++) into.values[to * stride + j] = values[from * stride + j]!
}

/** Moves the centroids (count × columns) in place. */
export async function descendByBatches(
  points: Points,
  centroids: Float64Array,
  params: Pick<KMeansParams, 'maxIterations' | 'tolerance' | 'batchRows'>,
  random: Random,
  pacer: Pacer,
): Promise<void> {
  const { columns } = points
  const count = centroids.length / columns
  // The rows side by side, where the kernel can read them.
  const batch = createPoints(pointsShape(params.batchRows, columns, count))
  try {
    const mass = new Float64Array(count)
    let meanMove = Infinity
    for (let iteration = 0; iteration < params.maxIterations; iteration++) {
      for (let i = 0; i < batch.rows; i++) {
        const r = random.int(points.rows)
        copyRow(points, r, batch, i)
        batch.weights[i] = points.weights[r]!
      }
      batch.setCenters(centroids)
      await eachSpan(batch, centroids.length, pacer, (from, to) => batch.assign(from, to))
      const before = centroids.slice()
      follow(batch, centroids, mass)
      const moved = squaredDistance(before, 0, centroids, 0, centroids.length)
      meanMove = iteration === 0 ? moved : meanMove + NEWEST * (moved - meanMove)
      if (meanMove <= params.tolerance) return
    }
  } finally {
    batch.close()
  }
}

/** Moves each centroid towards its rows, row after row. */
function follow(batch: Points, centroids: Float64Array, mass: Float64Array): void {
  const { rows, columns, stride, values, cluster, weights } = batch
  for (let r = 0; r < rows; r++) {
    const c = cluster[r]!
    const all = mass[c]! + weights[r]!
    const part = weights[r]! / all
    mass[c] = all
    for (let j = 0; j < columns; j++) {
      const at = c * columns + j
      centroids[at] = centroids[at]! + part * (values[r * stride + j]! - centroids[at]!)
    }
  }
}

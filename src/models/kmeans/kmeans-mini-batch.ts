/**
 * Mini-batch k-means (Sculley, "Web-scale k-means clustering", WWW 2010, algorithm 1): each iteration draws some rows, puts
 * them to their nearest centroids and moves each of these towards its rows, by less the more rows it has had:
 *
 *   n_c ← n_c + v,   μ_c ← μ_c + (v / n_c) (z − μ_c)
 */
import {
  createDenseMatrix,
  squaredDistance,
  type DenseMatrix,
  type Random,
} from '../../kernels/index.ts'
import { stripRows, type Pacer } from '../pacer.ts'
import type { KMeansParams } from './kmeans.ts'

/** Rows that the start is chosen from, in mini-batches; as scikit-learn's. */
const START_BATCHES = 3
/** Weight of the newest iteration in the mean move that ends it all: about ten iterations count. */
const NEWEST = 0.1

/** Some rows, drawn with replacement, as a matrix of their own. */
export function drawSample(
  matrix: DenseMatrix,
  weight: Float64Array,
  batchRows: number,
  random: Random,
): { readonly matrix: DenseMatrix; readonly weight: Float64Array } {
  const { columns, values, rows } = matrix
  const size = Math.min(rows, START_BATCHES * batchRows)
  const sample = createDenseMatrix(size, columns)
  const weights = new Float64Array(size)
  for (let i = 0; i < size; i++) {
    const r = random.int(rows)
    sample.values.set(values.subarray(r * columns, (r + 1) * columns), i * columns)
    weights[i] = weight[r]!
  }
  return { matrix: sample, weight: weights }
}

/** Moves the centroids (count × columns) in place. */
export async function descendByBatches(
  matrix: DenseMatrix,
  weight: Float64Array,
  centroids: Float64Array,
  params: Pick<KMeansParams, 'maxIterations' | 'tolerance' | 'batchRows'>,
  random: Random,
  pacer: Pacer,
): Promise<void> {
  const { rows, columns, values } = matrix
  const count = centroids.length / columns
  const mass = new Float64Array(count)
  const batch = new Int32Array(params.batchRows)
  const nearest = new Int32Array(params.batchRows)
  const distance = new Float64Array(params.batchRows)
  // The rows side by side, where the kernel can read them.
  const drawn = createDenseMatrix(params.batchRows, columns)
  const strip = stripRows(count * columns)
  let meanMove = Infinity
  for (let iteration = 0; iteration < params.maxIterations; iteration++) {
    for (let i = 0; i < batch.length; i++) {
      const r = random.int(rows)
      batch[i] = r
      drawn.values.set(values.subarray(r * columns, (r + 1) * columns), i * columns)
    }
    for (let from = 0; from < batch.length; from += strip) {
      const to = Math.min(batch.length, from + strip)
      const [own, far] = [nearest.subarray(from, to), distance.subarray(from, to)]
      drawn.nearest(centroids, count, own, far, from, to)
      if (pacer.due((to - from) * count * columns)) await pacer.rest()
    }
    const before = centroids.slice()
    batch.forEach((r, i) => {
      const c = nearest[i]!
      const all = mass[c]! + weight[r]!
      const part = weight[r]! / all
      mass[c] = all
      for (let j = 0; j < columns; j++) {
        const at = c * columns + j
        centroids[at] = centroids[at]! + part * (values[r * columns + j]! - centroids[at]!)
      }
    })
    const moved = squaredDistance(before, 0, centroids, 0, centroids.length)
    meanMove = iteration === 0 ? moved : meanMove + NEWEST * (moved - meanMove)
    if (meanMove <= params.tolerance) return
  }
}

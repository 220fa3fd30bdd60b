/**
 * The mathematics of k-means (Lloyd, IEEE Transactions on Information Theory 28, 1982; starts: Arthur and Vassilvitskii,
 * "k-means++", SODA 2007, with several candidates a step as in its section 5). With row weights v_r:
 *
 *   minimize over centroids μ and clusters c:  Σ_r v_r ‖z_r − μ_{c(r)}‖²   (the inertia)
 *
 * Each iteration puts every row to its nearest centroid, then every centroid to the mean of its rows; the inertia never
 * rises. Cost of one iteration: rows · k · features.
 */
import { createRandom, type DenseMatrix } from '../../kernels/index.ts'
import type { CentroidModel } from '../centroid-clusterer.ts'
import { checkDataset, rowWeights } from '../dataset.ts'
import type { Dataset, FitContext } from '../model.ts'
import { createPacer, stripRows, type Pacer } from '../pacer.ts'
import { fitStandardizer, standardizedCopy } from '../standardizer.ts'
import { chooseStart } from './kmeans-start.ts'
import type { KMeansParams } from './kmeans.ts'

/** Throws MODEL_TOO_FEW_ROWS, MODEL_INVALID_DATA. */
export async function fitKMeans(
  data: Dataset,
  params: KMeansParams,
  context: FitContext,
): Promise<CentroidModel> {
  checkDataset(data, 'none')
  const pacer = createPacer(context)
  const standardizer = await fitStandardizer(data.matrix, pacer)
  const matrix = await standardizedCopy(standardizer, data.matrix, pacer)
  const weight = rowWeights(data)
  const random = createRandom(context.seed)
  let best: Clustering | undefined
  for (let run = 0; run < params.restarts; run++) {
    const start = await chooseStart(matrix, weight, params.k, random, pacer)
    const clustering = await lloyd(matrix, weight, start, params, pacer)
    if (!best || clustering.inertia < best.inertia) best = clustering
    pacer.progress((run + 1) / params.restarts)
  }
  return { standardizer, ...inOrder(best!, matrix.columns) }
}

export interface Clustering {
  /** k × columns, row-major. */
  readonly centroids: Float64Array
  /** Rows of each cluster. */
  readonly size: Int32Array
  readonly inertia: number
  readonly iterations: number
}

interface Sums {
  /** Nearest centroid and squared distance of each row. */
  readonly cluster: Int32Array
  readonly distance: Float64Array
  /** Per cluster: Σ v z, Σ v, rows. */
  readonly total: Float64Array
  readonly mass: Float64Array
  readonly size: Int32Array
}

/** Lloyd's iterations from a given start (count × columns, not kept). The centroids fit the final clusters. */
export async function lloyd(
  matrix: DenseMatrix,
  weight: Float64Array,
  start: Float64Array,
  params: Pick<KMeansParams, 'maxIterations' | 'tolerance'>,
  pacer: Pacer,
): Promise<Clustering> {
  const { rows, columns } = matrix
  const k = columns === 0 ? 1 : start.length / columns
  const sums: Sums = {
    cluster: new Int32Array(rows),
    distance: new Float64Array(rows),
    total: new Float64Array(k * columns),
    mass: new Float64Array(k),
    size: new Int32Array(k),
  }
  const centroids = start.slice()
  let iterations = 0
  let inertia = await assignRowsToCentroids(matrix, weight, centroids, sums, pacer)
  while (iterations < params.maxIterations) {
    iterations += 1
    fillEmptyClusters(matrix, weight, sums)
    const moved = moveCentroids(centroids, sums, columns)
    inertia = await assignRowsToCentroids(matrix, weight, centroids, sums, pacer)
    if (moved <= params.tolerance) break
  }
  return { centroids, size: sums.size, inertia, iterations }
}

async function assignRowsToCentroids(
  matrix: DenseMatrix,
  weight: Float64Array,
  centroids: Float64Array,
  sums: Sums,
  pacer: Pacer,
): Promise<number> {
  const { rows, columns, values } = matrix
  const k = sums.size.length
  sums.total.fill(0)
  sums.mass.fill(0)
  sums.size.fill(0)
  let inertia = 0
  const stripLength = stripRows(k * columns)
  for (let from = 0; from < rows; from += stripLength) {
    const to = Math.min(rows, from + stripLength)
    const cluster = sums.cluster.subarray(from, to)
    const distance = sums.distance.subarray(from, to)
    matrix.nearest(centroids, k, cluster, distance, from, to)
    for (let i = 0; i < cluster.length; i++) {
      const c = cluster[i]!
      const v = weight[from + i]!
      const row = (from + i) * columns
      inertia += v * distance[i]!
      sums.mass[c] = sums.mass[c]! + v
      sums.size[c] = sums.size[c]! + 1
      for (let j = 0; j < columns; j++) {
        sums.total[c * columns + j] = sums.total[c * columns + j]! + v * values[row + j]!
      }
    }
    if (pacer.due((to - from) * (k * columns + 4 * columns + 8))) await pacer.rest()
  }
  return inertia
}

/** An empty cluster takes over the row that is farthest from its own centroid, if any is away from it. */
function fillEmptyClusters(matrix: DenseMatrix, weight: Float64Array, sums: Sums): void {
  const { columns, values } = matrix
  for (let c = 0; c < sums.size.length; c++) {
    if (sums.size[c] !== 0) continue
    let farthest = -1
    for (let r = 0; r < sums.cluster.length; r++) {
      const isFarther = sums.distance[r]! > (farthest < 0 ? 0 : sums.distance[farthest]!)
      if (isFarther && sums.size[sums.cluster[r]!]! > 1) farthest = r
    }
    if (farthest < 0) return
    const from = sums.cluster[farthest]!
    const v = weight[farthest]!
    for (let j = 0; j < columns; j++) {
      const part = v * values[farthest * columns + j]!
      sums.total[from * columns + j] = sums.total[from * columns + j]! - part
      sums.total[c * columns + j] = part
    }
    sums.mass[from] = sums.mass[from]! - v
    sums.mass[c] = v
    sums.size[from] = sums.size[from]! - 1
    sums.size[c] = 1
    sums.cluster[farthest] = c
    sums.distance[farthest] = 0
  }
}

/** Each centroid to the mean of its rows; returns the sum of squared moves. */
function moveCentroids(centroids: Float64Array, sums: Sums, columns: number): number {
  let moved = 0
  for (let c = 0; c < sums.size.length; c++) {
    if (sums.size[c] === 0) continue
    for (let j = 0; j < columns; j++) {
      const at = c * columns + j
      const next = sums.total[at]! / sums.mass[c]!
      moved += (next - centroids[at]!) ** 2
      centroids[at] = next
    }
  }
  return moved
}

/** Largest cluster first, so that ids do not depend on the start; ties by centroid. Clusters without rows are left out. */
function inOrder(clustering: Clustering, columns: number): Omit<CentroidModel, 'standardizer'> {
  const { centroids, size, inertia } = clustering
  const compare = (a: number, b: number): number => {
    let difference = size[b]! - size[a]!
    for (let j = 0; difference === 0 && j < columns; j++) {
      difference = centroids[a * columns + j]! - centroids[b * columns + j]!
    }
    return difference
  }
  const order = Array.from(size.keys())
    .filter((c) => size[c]! > 0)
    .toSorted(compare)
  const sorted = new Float64Array(order.length * columns)
  order.forEach((c, at) => {
    sorted.set(centroids.subarray(c * columns, (c + 1) * columns), at * columns)
  })
  return {
    centroids: sorted,
    size: Int32Array.from(order, (c) => size[c]!),
    id: Int32Array.from(order.keys()),
    inertia,
  }
}

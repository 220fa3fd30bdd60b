/**
 * The mathematics of k-means (Lloyd, IEEE Transactions on Information Theory 28, 1982; starts: Arthur and Vassilvitskii,
 * "k-means++", SODA 2007, with several candidates a step as in its section 5). With row weights v_r:
 *
 *   minimize over centroids μ and clusters c:  Σ_r v_r ‖z_r − μ_{c(r)}‖²   (the inertia)
 *
 * Each iteration puts every row to its nearest centroid, then every centroid to the mean of its rows; the inertia never
 * rises. Bounds on distances (`kmeans-bounds.ts`) spare rows the comparisons where that pays, and change nothing else. Cost
 * of an iteration: rows · k · features, of rows in clear clusters near rows · features.
 */
import { createRandom, type DenseMatrix, type Random } from '../../kernels/index.ts'
import type { CentroidModel } from '../centroid-clusterer.ts'
import { checkDataset, rowWeights } from '../dataset.ts'
import type { Dataset, FitContext } from '../model.ts'
import { createPacer, stripRows, type Pacer } from '../pacer.ts'
import { fitStandardizer, standardizedCopy } from '../standardizer.ts'
import { openAdaptiveBounds } from './kmeans-bounds.ts'
import { descendByBatches, drawSample } from './kmeans-mini-batch.ts'
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
    const clustering =
      params.batchRows > 0
        ? await miniBatches(matrix, weight, params, random, pacer)
        : await lloyd(
            matrix,
            weight,
            await chooseStart(matrix, weight, params.k, random, pacer),
            params,
            pacer,
          )
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
  const sums = openSums(rows, columns, start)
  const centroids = start.slice()
  const bounds = openAdaptiveBounds(rows)
  const limit = columns === 0 ? 0 : params.maxIterations
  let iterations = 0
  while (iterations < limit) {
    iterations += 1
    await bounds.assign(matrix, centroids, sums.cluster, pacer)
    await sumRows(matrix, weight, sums, pacer)
    if (sums.size.includes(0)) {
      await assignRowsToCentroids(matrix, weight, centroids, sums, pacer)
      fillEmptyClusters(matrix, weight, sums)
      bounds.forget()
    }
    const before = centroids.slice()
    const moved = moveCentroids(centroids, sums, columns)
    bounds.follow(sums.cluster, before, centroids, columns)
    if (moved <= params.tolerance) break
  }
  const inertia = await assignRowsToCentroids(matrix, weight, centroids, sums, pacer)
  return { centroids, size: sums.size, inertia, iterations }
}

/** Mini-batches from a start on a sample; the size and inertia of the clusters are those of all rows. */
async function miniBatches(
  matrix: DenseMatrix,
  weight: Float64Array,
  params: KMeansParams,
  random: Random,
  pacer: Pacer,
): Promise<Clustering> {
  const sample = drawSample(matrix, weight, params.batchRows, random)
  const centroids = await chooseStart(sample.matrix, sample.weight, params.k, random, pacer)
  const sums = openSums(matrix.rows, matrix.columns, centroids)
  if (matrix.columns > 0) {
    await descendByBatches(matrix, weight, centroids, params, random, pacer)
  }
  const inertia = await assignRowsToCentroids(matrix, weight, centroids, sums, pacer)
  return { centroids, size: sums.size, inertia, iterations: params.maxIterations }
}

function openSums(rows: number, columns: number, centroids: Float64Array): Sums {
  const k = columns === 0 ? 1 : centroids.length / columns
  return {
    cluster: new Int32Array(rows),
    distance: new Float64Array(rows),
    total: new Float64Array(k * columns),
    mass: new Float64Array(k),
    size: new Int32Array(k),
  }
}

/** Every row to its nearest centroid, with exact distances and the sums; returns the inertia. */
async function assignRowsToCentroids(
  matrix: DenseMatrix,
  weight: Float64Array,
  centroids: Float64Array,
  sums: Sums,
  pacer: Pacer,
): Promise<number> {
  const { rows, columns } = matrix
  const k = sums.size.length
  const stripLength = stripRows(k * columns)
  let inertia = 0
  for (let from = 0; from < rows; from += stripLength) {
    const to = Math.min(rows, from + stripLength)
    const distance = sums.distance.subarray(from, to)
    matrix.nearest(centroids, k, sums.cluster.subarray(from, to), distance, from, to)
    for (let r = from; r < to; r++) inertia += weight[r]! * sums.distance[r]!
    if (pacer.due((to - from) * (k * columns + 4))) await pacer.rest()
  }
  await sumRows(matrix, weight, sums, pacer)
  return inertia
}

/** Sums, masses and sizes of the clusters as they are. */
async function sumRows(
  { rows, columns, values }: DenseMatrix,
  weight: Float64Array,
  { cluster, total, mass, size }: Sums,
  pacer: Pacer,
): Promise<void> {
  total.fill(0)
  mass.fill(0)
  size.fill(0)
  const stripLength = stripRows(4 * columns)
  for (let from = 0; from < rows; from += stripLength) {
    const to = Math.min(rows, from + stripLength)
    for (let r = from; r < to; r++) {
      const c = cluster[r]!
      const v = weight[r]!
      mass[c] = mass[c]! + v
      size[c] = size[c]! + 1
      for (let j = 0; j < columns; j++) {
        total[c * columns + j] = total[c * columns + j]! + v * values[r * columns + j]!
      }
    }
    if (pacer.due((to - from) * (4 * columns + 8))) await pacer.rest()
  }
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

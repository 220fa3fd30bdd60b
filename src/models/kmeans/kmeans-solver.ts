/**
 * The mathematics of k-means (Lloyd, IEEE Transactions on Information Theory 28, 1982; starts: Arthur and Vassilvitskii,
 * "k-means++", SODA 2007, with several candidates a step as in its section 5). With row weights v_r:
 *
 *   minimize over centroids μ and clusters c:  Σ_r v_r ‖z_r − μ_{c(r)}‖²   (the inertia)
 *
 * Each iteration puts every row to its nearest centroid, then every centroid to the mean of its rows; the inertia never
 * rises. Rows are in single precision, distances that decide and all sums in double (`kernels/points/`). Cost of an
 * iteration: rows · k · features.
 */
import {
  createPoints,
  createRandom,
  type ClusterSums,
  type Points,
  type Random,
} from '../../kernels/index.ts'
import type { CentroidModel } from '../centroid-clusterer.ts'
import { checkDataset } from '../dataset.ts'
import type { Dataset, FitContext } from '../model.ts'
import { createPacer, type Pacer } from '../pacer.ts'
import {
  eachStandardized,
  fitStandardizer,
  standardizeInto,
  type Standardizer,
} from '../standardizer.ts'
import { descendByBatches, drawSample } from './kmeans-mini-batch.ts'
import { boundedShape, eachSpan, pointsShape } from './kmeans-points.ts'
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
  const columns = standardizer.names.length
  const shape = params.batchRows > 0 ? pointsShape : boundedShape
  const points = createPoints(shape(data.matrix.rows, columns, params.k))
  try {
    await standardizeInto(standardizer, data.matrix, points, pacer)
    if (data.weight) points.weights.set(data.weight)
    const random = createRandom(context.seed)
    let best: Clustering | undefined
    for (let run = 0; run < params.restarts; run++) {
      const clustering =
        params.batchRows > 0
          ? await miniBatches(points, params, random, pacer)
          : await lloyd(points, await chooseStart(points, params.k, random, pacer), params, pacer)
      if (!best || clustering.inertia < best.inertia) best = clustering
      pacer.progress((run + 1) / params.restarts)
    }
    if (params.batchRows === 0) best = await refine(points, best!, data, standardizer, pacer)
    return { standardizer, ...inOrder(best!, columns) }
  } finally {
    points.close()
  }
}

export interface Clustering {
  /** k × columns, row-major. */
  readonly centroids: Float64Array
  /** Rows of each cluster. */
  readonly size: Int32Array
  readonly inertia: number
  readonly iterations: number
}

/** Lloyd's iterations from a given start (count × columns, not kept). The centroids fit the final clusters. */
export async function lloyd(
  points: Points,
  start: Float64Array,
  params: Pick<KMeansParams, 'maxIterations' | 'tolerance'>,
  pacer: Pacer,
): Promise<Clustering> {
  const { columns } = points
  const centroids = start.slice()
  const limit = columns === 0 ? 0 : params.maxIterations
  points.setCenters(centroids)
  let iterations = 0
  while (iterations < limit) {
    iterations += 1
    const sums = await assignRows(points, centroids.length, pacer)
    const isAnyEmpty = sums.size.includes(0)
    if (isAnyEmpty) {
      await measureRows(points, centroids.length, pacer)
      fillEmptyClusters(points, sums)
    }
    const moved = moveCentroids(centroids, sums, columns)
    if (isAnyEmpty) points.setCenters(centroids)
    else points.moveCenters(centroids)
    if (moved <= params.tolerance) break
  }
  return { centroids, ...(await settle(points, centroids.length, pacer)), iterations }
}

/** Once more every centroid to the mean of its rows, these in double precision: what a reader sees is not rounded. */
async function refine(
  points: Points,
  best: Clustering,
  { matrix }: Dataset,
  standardizer: Standardizer,
  pacer: Pacer,
): Promise<Clustering> {
  const { columns, weights, cluster } = points
  const centroids = best.centroids.slice()
  points.setCenters(centroids)
  const { mass } = await assignRows(points, centroids.length, pacer)
  const total = new Float64Array(centroids.length)
  await eachStandardized(standardizer, matrix, pacer, (r, rows, at) => {
    const sum = cluster[r]! * columns
    for (let j = 0; j < columns; j++) total[sum + j]! += weights[r]! * rows[at + j]!
  })
  total.forEach((sum, at) => {
    const own = mass[Math.floor(at / columns)]!
    if (own > 0) centroids[at] = sum / own
  })
  points.setCenters(centroids)
  return { ...best, centroids, ...(await settle(points, centroids.length, pacer)) }
}

/** Mini-batches from a start on a sample; the size and inertia of the clusters are those of all rows. */
async function miniBatches(
  points: Points,
  params: KMeansParams,
  random: Random,
  pacer: Pacer,
): Promise<Clustering> {
  const sample = drawSample(points, pointsShape(params.batchRows, points.columns, params.k), random)
  try {
    const centroids = await chooseStart(sample, params.k, random, pacer)
    if (points.columns > 0) await descendByBatches(points, centroids, params, random, pacer)
    points.setCenters(centroids)
    const settled = await settle(points, centroids.length, pacer)
    return { centroids, ...settled, iterations: params.maxIterations }
  } finally {
    sample.close()
  }
}

/** Every row to its nearest center; returns the sums of the clusters. `work`: multiply-adds of a row. */
async function assignRows(points: Points, work: number, pacer: Pacer): Promise<ClusterSums> {
  await eachSpan(points, work, pacer, (from, to) => {
    points.assign(from, to)
    points.addUp(from, to)
  })
  return points.takeSums()
}

/** Distances of all rows to their own centers. */
const measureRows = (points: Points, work: number, pacer: Pacer): Promise<void> =>
  eachSpan(points, work, pacer, (from, to) => points.measure(from, to))

/** The clusters that belong to the centers: their sizes and the inertia. */
async function settle(
  points: Points,
  work: number,
  pacer: Pacer,
): Promise<Pick<Clustering, 'size' | 'inertia'>> {
  const { size } = await assignRows(points, work, pacer)
  await measureRows(points, work, pacer)
  const { weights, distance } = points
  const inertia = distance.reduce((sum, squared, r) => sum + weights[r]! * squared, 0)
  return { size, inertia }
}

/** An empty cluster takes over the row that is farthest from its own centroid, if any is away from it. */
function fillEmptyClusters(points: Points, sums: ClusterSums): void {
  const { columns, stride, values, weights, cluster, distance } = points
  for (let c = 0; c < sums.size.length; c++) {
    if (sums.size[c] !== 0) continue
    let farthest = -1
    for (let r = 0; r < cluster.length; r++) {
      const isFarther = distance[r]! > (farthest < 0 ? 0 : distance[farthest]!)
      if (isFarther && sums.size[cluster[r]!]! > 1) farthest = r
    }
    if (farthest < 0) return
    const from = cluster[farthest]!
    const v = weights[farthest]!
    for (let j = 0; j < columns; j++) {
      const part = v * values[farthest * stride + j]!
      sums.total[from * columns + j] = sums.total[from * columns + j]! - part
      sums.total[c * columns + j] = part
    }
    sums.mass[from] = sums.mass[from]! - v
    sums.mass[c] = v
    sums.size[from] = sums.size[from]! - 1
    sums.size[c] = 1
    cluster[farthest] = c
    distance[farthest] = 0
  }
}

/** Each centroid to the mean of its rows; returns the sum of squared moves. */
function moveCentroids(centroids: Float64Array, sums: ClusterSums, columns: number): number {
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

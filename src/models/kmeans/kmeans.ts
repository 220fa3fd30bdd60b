/**
 * k-means with k-means++ starts: groups rows into k clusters around centroids of standardized features. Use it to segment
 * users or items by a few numeric features. See README.md for the objective and its limits.
 */
import { z } from 'zod'
import { pointsBytes } from '../../kernels/index.ts'
import { createCentroidClusterer, readCentroidModel } from '../centroid-clusterer.ts'
import type { ModelKind } from '../model.ts'
import { boundedShape, pointsShape } from './kmeans-points.ts'
import { fitKMeans } from './kmeans-solver.ts'

const params = z.strictObject({
  k: z.int().min(1).max(1_000).default(5).meta({
    description: 'Clusters; fewer come out when there are fewer distinct rows.',
    unit: 'clusters',
  }),
  restarts: z.int().min(1).max(100).default(5).meta({
    description: 'Starts with different random centroids; the one with the least inertia stays.',
    unit: 'runs',
  }),
  maxIterations: z.int().min(1).max(10_000).default(100).meta({
    description: 'Most iterations (over all rows, or over one mini-batch) of one start.',
    unit: 'iterations',
  }),
  batchRows: z.int().min(0).max(1_000_000).default(0).meta({
    description:
      'Rows of a mini-batch, drawn by the seed for each iteration: for millions of rows, 1,000 and more; 0: every iteration reads all rows.',
    unit: 'rows',
  }),
  tolerance: z.number().min(0).max(1).default(1e-4).meta({
    description:
      'Stop when the squared moves of all centroids, summed (with mini-batches: averaged over about ten), are at most this.',
    unit: 'squared deviations',
  }),
})
export type KMeansParams = z.infer<typeof params>

export const kmeans: ModelKind<'clusterer', KMeansParams> = {
  name: 'kmeans',
  task: 'clusterer',
  summary: 'k-means with k-means++ starts on standardized features.',
  uses: { features: true, categories: false },
  params,
  baseline: 'one-cluster',
  searchSpace: { k: [2, 3, 4, 5, 6, 8, 10] },
  // The rows in single precision; with mini-batches a sample and one of them; the mass of rows while a start is drawn.
  memoryBytes: (rows, features, _, { k, batchRows }) =>
    pointsBytes((batchRows > 0 ? pointsShape : boundedShape)(rows, features, k)) +
    (batchRows > 0 ? 4 * pointsBytes(pointsShape(batchRows, features, k)) : 0) +
    rows * 8,
  async fit(data, chosen, context) {
    return createCentroidClusterer(kmeans, await fitKMeans(data, chosen, context), chosen)
  },
  load: (artifact) =>
    createCentroidClusterer(kmeans, readCentroidModel(artifact, kmeans), artifact.params),
}

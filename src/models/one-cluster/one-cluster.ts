/** The baseline of every clusterer: all rows in one cluster around their mean. */
import { z } from 'zod'
import { createCentroidClusterer, readCentroidModel } from '../centroid-clusterer.ts'
import { checkDataset, rowWeights } from '../dataset.ts'
import type { ModelKind } from '../model.ts'
import { createPacer } from '../pacer.ts'
import { fitStandardizer, standardizedCopy } from '../standardizer.ts'
import { weightedMean } from '../weighted-mean.ts'

const params = z.strictObject({})

export const oneCluster: ModelKind<'clusterer', z.infer<typeof params>> = {
  name: 'one-cluster',
  task: 'clusterer',
  summary: 'Baseline: one cluster around the mean.',
  uses: { features: true, categories: false },
  params,
  baseline: 'one-cluster',
  searchSpace: {},
  memoryBytes: (rows, features) => rows * (features + 2) * 8,
  async fit(data, chosen, context) {
    checkDataset(data, 'none')
    const pacer = createPacer(context)
    const standardizer = await fitStandardizer(data.matrix, pacer)
    const { rows, columns, values } = await standardizedCopy(standardizer, data.matrix, pacer)
    const weight = rowWeights(data)
    const centroids = new Float64Array(columns)
    let inertia = 0
    for (let j = 0; j < columns; j++) {
      const column = Float64Array.from({ length: rows }, (_, r) => values[r * columns + j]!)
      const center = weightedMean(column, weight)
      centroids[j] = center
      for (let r = 0; r < rows; r++) inertia += weight[r]! * (column[r]! - center) ** 2
      if (pacer.due(rows * 16)) await pacer.rest()
    }
    const model = {
      standardizer,
      centroids,
      size: Int32Array.of(rows),
      id: Int32Array.of(0),
      inertia,
    }
    return createCentroidClusterer(oneCluster, model, chosen)
  },
  load: (artifact) =>
    createCentroidClusterer(oneCluster, readCentroidModel(artifact, oneCluster), artifact.params),
}

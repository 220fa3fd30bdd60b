/** A clusterer that is its centroids: a row belongs to the nearest one. What kmeans and one-cluster share. */
import { z } from 'zod'
import { squaredDistance } from '../kernels/index.ts'
import { checkArtifact, readFacts, readTensor } from './artifact-reader.ts'
import { clusterLabels } from './cluster-labels.ts'
import { checkMatrix } from './dataset.ts'
import { matchClusters } from './match-clusters.ts'
import type {
  Artifact,
  ClusterPrediction,
  ClusterProfile,
  FittedClusterer,
  ModelKind,
  PredictInput,
} from './model.ts'
import { standardize, unstandardize, type Standardizer } from './standardizer.ts'
import { collectUnknowns } from './unknowns.ts'

export interface CentroidModel {
  readonly standardizer: Standardizer
  /** k × features, row-major, standardized. */
  readonly centroids: Float64Array
  /** Training rows of each cluster. */
  readonly size: Int32Array
  readonly id: Int32Array
  /** Weighted sum of squared distances of the training rows to their centroids, standardized. */
  readonly inertia: number
}

type Kind = Pick<ModelKind<'clusterer'>, 'name' | 'task'>
const FORMAT = 1

export function createCentroidClusterer(
  kind: Kind,
  model: CentroidModel,
  params: Readonly<Record<string, unknown>>,
): FittedClusterer {
  return {
    kind: kind.name,
    task: 'clusterer',
    assign: (input) => assign(model, input),
    profiles: () => profiles(model),
    matchTo(earlier) {
      const { standardizer, centroids } = model
      const id = matchClusters(earlier, standardizer, centroids, model.id)
      return createCentroidClusterer(kind, { ...model, id }, params)
    },
    save: () => write(kind, model, params),
  }
}

function assign(model: CentroidModel, { matrix }: PredictInput): ClusterPrediction {
  checkMatrix(matrix)
  const { standardizer, centroids, id } = model
  const columns = standardizer.names.length
  const rows = new Float64Array(matrix.rows * columns)
  const unknowns = collectUnknowns(matrix.rows)
  standardize(standardizer, matrix, rows, (row, name) => unknowns.add(row, name))
  const cluster = new Int32Array(matrix.rows)
  const distance = new Float64Array(matrix.rows)
  for (let r = 0; r < matrix.rows; r++) {
    let best = Infinity
    for (let c = 0; c < id.length; c++) {
      const d = squaredDistance(rows, r * columns, centroids, c * columns, columns)
      if (d < best) {
        best = d
        cluster[r] = id[c]!
      }
    }
    distance[r] = Math.sqrt(best)
  }
  return { cluster, distance, unknown: unknowns.rows }
}

function profiles(model: CentroidModel): ClusterProfile[] {
  const { standardizer, centroids, size, id } = model
  const { names } = standardizer
  const total = size.reduce((sum, rows) => sum + rows, 0)
  const labels = clusterLabels(names, centroids)
  return Array.from(id, (clusterId, c): ClusterProfile => ({
    id: clusterId,
    label: labels[c]!,
    size: size[c]!,
    share: size[c]! / total,
    centroid: Object.fromEntries(
      names.map((name, j) => [
        name,
        clampFinite(unstandardize(standardizer, j, centroids[c * names.length + j]!)),
      ]),
    ),
  })).toSorted((a, b) => a.id - b.id)
}

const clampFinite = (value: number): number =>
  Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value))

const centroidFacts = z.strictObject({
  features: z.array(z.string()),
  clusters: z.int().min(1),
  inertia: z.number().min(0),
})

function write(
  kind: Kind,
  model: CentroidModel,
  params: Readonly<Record<string, unknown>>,
): Artifact {
  const { names, mean, deviation } = model.standardizer
  const k = model.id.length
  return {
    kind: kind.name,
    task: 'clusterer',
    format: FORMAT,
    params,
    facts: { features: names, clusters: k, inertia: model.inertia },
    tensors: {
      mean: { shape: [names.length], data: mean },
      deviation: { shape: [names.length], data: deviation },
      centroids: { shape: [k, names.length], data: model.centroids },
      size: { shape: [k], data: model.size },
      id: { shape: [k], data: model.id },
    },
  }
}

/** Throws MODEL_ARTIFACT_INVALID. */
export function readCentroidModel(artifact: Artifact, kind: Kind): CentroidModel {
  checkArtifact(artifact, kind, FORMAT)
  const { features, clusters, inertia } = readFacts(artifact, centroidFacts)
  const columns = features.length
  return {
    standardizer: {
      names: features,
      mean: readTensor(artifact, 'mean', Float64Array, [columns]),
      deviation: readTensor(artifact, 'deviation', Float64Array, [columns]),
    },
    centroids: readTensor(artifact, 'centroids', Float64Array, [clusters, columns]),
    size: readTensor(artifact, 'size', Int32Array, [clusters]),
    id: readTensor(artifact, 'id', Int32Array, [clusters]),
    inertia,
  }
}

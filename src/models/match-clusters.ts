/** Keeps the ids of clusters stable from one version to the next. */
import { assignRows } from '../kernels/index.ts'
import type { ClusterProfile } from './model.ts'
import type { Standardizer } from './standardizer.ts'

/**
 * The id for each new cluster. Partners are chosen together, so that the sum of squared distances between centroids
 * is smallest (an assignment problem), measured over the features that both versions have, in deviations of the new one.
 * Without a common feature the new ids stay. A new cluster without a partner gets an id above all earlier ones, in order.
 *
 * `centroids`: ids.length × standardizer.names.length, standardized.
 */
export function matchClusters(
  earlier: readonly ClusterProfile[],
  standardizer: Standardizer,
  centroids: Float64Array,
  ids: Int32Array,
): Int32Array {
  const features = standardizer.names
    .map((_, j) => j)
    .filter((j) => {
      const name = standardizer.names[j]!
      return (
        standardizer.deviation[j]! > 0 &&
        earlier.every((profile) => Object.hasOwn(profile.centroid, name))
      )
    })
  if (features.length === 0 || earlier.length === 0) return ids
  const distance = (next: number, profile: ClusterProfile): number => {
    let sum = 0
    for (const j of features) {
      const value = profile.centroid[standardizer.names[j]!]!
      const z = (value - standardizer.mean[j]!) / standardizer.deviation[j]!
      // Any finite bound keeps the order; centroids of the same data are never so far apart.
      sum += Math.min((z - centroids[next * standardizer.names.length + j]!) ** 2, 1e100)
    }
    return sum
  }
  const all = Array.from(ids, (_, next) => earlier.map((profile) => distance(next, profile)))
  const partner = assign(all, ids.length, earlier.length)
  let fresh = Math.max(...earlier.map((profile) => profile.id)) + 1
  return ids.map((_, next) => {
    const found = earlier[partner[next] ?? -1]
    if (found) return found.id
    fresh += 1
    return fresh - 1
  })
}

/** The partner of each row, or −1 where there are fewer columns than rows. */
function assign(cost: readonly (readonly number[])[], rows: number, columns: number): Int32Array {
  if (rows <= columns) return assignRows(Float64Array.from(cost.flat()), rows, columns)
  const transposed = Float64Array.from({ length: rows * columns }, (_, at) => {
    return cost[at % rows]![Math.floor(at / rows)]!
  })
  const partner = new Int32Array(rows).fill(-1)
  assignRows(transposed, columns, rows).forEach((row, column) => (partner[row] = column))
  return partner
}

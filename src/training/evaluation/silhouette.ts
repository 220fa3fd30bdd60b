/**
 * Silhouette (Rousseeuw 1987): per row (b − a) / max(a, b), a = mean distance to the own cluster, b = the smallest mean
 * distance to another one; the mean over rows, −1 to 1. Rows alone in their cluster count 0. O(n²): above `maxRows` a
 * seeded sample of rows is compared with each other.
 */
import { createRandom } from '../../kernels/index.ts'

/** @param points rows × columns, row-major, in the units that the distance should have (standardized). */
export function silhouette(
  points: Float64Array,
  columns: number,
  clusters: Int32Array,
  options: { seed: number; maxRows?: number },
): number {
  const rows = sample(clusters.length, options.maxRows ?? 2_000, options.seed)
  const count = clusters.reduce((most, cluster) => Math.max(most, cluster), -1) + 1
  const sizes = new Float64Array(count)
  for (const row of rows) sizes[clusters[row] ?? 0] = (sizes[clusters[row] ?? 0] ?? 0) + 1
  if (sizes.filter((size) => size > 0).length < 2) return Number.NaN
  let total = 0
  for (const row of rows) total += rowSilhouette(points, columns, clusters, rows, sizes, row)
  return total / rows.length
}

function rowSilhouette(
  points: Float64Array,
  columns: number,
  clusters: Int32Array,
  rows: Int32Array,
  sizes: Float64Array,
  row: number,
): number {
  const own = clusters[row] ?? 0
  if ((sizes[own] ?? 0) < 2) return 0
  const sums = new Float64Array(sizes.length)
  for (const other of rows) {
    let squared = 0
    for (let c = 0; c < columns; c += 1) {
      squared += ((points[row * columns + c] ?? 0) - (points[other * columns + c] ?? 0)) ** 2
    }
    const cluster = clusters[other] ?? 0
    sums[cluster] = (sums[cluster] ?? 0) + Math.sqrt(squared)
  }
  const a = (sums[own] ?? 0) / ((sizes[own] ?? 0) - 1)
  let b = Number.POSITIVE_INFINITY
  for (let cluster = 0; cluster < sizes.length; cluster += 1) {
    const size = sizes[cluster] ?? 0
    if (cluster !== own && size > 0) b = Math.min(b, (sums[cluster] ?? 0) / size)
  }
  return a === 0 && b === 0 ? 0 : (b - a) / Math.max(a, b)
}

/** All rows, or `most` distinct ones in ascending order. */
function sample(rows: number, most: number, seed: number): Int32Array {
  const all = Int32Array.from({ length: rows }, (_, row) => row)
  if (rows <= most) return all
  const random = createRandom(seed)
  for (let i = 0; i < most; i += 1) {
    const j = i + random.int(rows - i)
    const swap = all[i] ?? 0
    all[i] = all[j] ?? 0
    all[j] = swap
  }
  return all.subarray(0, most).toSorted()
}

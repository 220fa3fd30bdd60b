/**
 * Which rows need not look at every centroid (Hamerly, "Making k-means even faster", SDM 2010). For each row an upper bound
 * on the distance to its centroid and a lower bound on the distance to any other; both follow the moves of the centroids:
 *
 *   u ← u + move of the own centroid,   l ← l − greatest move of another one
 *
 * While u < max(l, half the way from its centroid to the nearest other one) the row stays. Only rows that cannot be told
 * apart so are compared with all centroids, so the clusters are those of Lloyd's iterations to the last row.
 */
import { squaredDistance, type DenseMatrix } from '../../kernels/index.ts'
import { stripRows, type Pacer } from '../pacer.ts'

/** While more rows than this change their cluster, bounds cannot hold: the kernel is quicker. */
const RESTLESS_SHARE = 0.05
/** Where more rows than this must look at every centroid, bounds cost more than the kernel, which looks four times as fast. */
const SEARCHED_SHARE = 0.25

export interface AdaptiveBounds {
  /** Puts every row to its nearest centroid, the first of equally near ones. */
  assign(
    matrix: DenseMatrix,
    centroids: Float64Array,
    cluster: Int32Array,
    pacer: Pacer,
  ): Promise<void>
  /** To be called after each move of the centroids. */
  follow(cluster: Int32Array, before: Float64Array, after: Float64Array, columns: number): void
  /** To be called when a row was put elsewhere. */
  forget(): void
}

/** Every row to every centroid by the kernel until few rows change; then bounds, as long as they spare enough. */
export function openAdaptiveBounds(rows: number): AdaptiveBounds {
  let bounds: Bounds | undefined
  let isNew = false
  let isWorthIt = true
  const distance = new Float64Array(rows)
  return {
    async assign(matrix, centroids, cluster, pacer) {
      if (bounds) {
        const searched = await assignByBounds(matrix, centroids, cluster, bounds, pacer)
        if (!isNew && searched > SEARCHED_SHARE * rows) [bounds, isWorthIt] = [undefined, false]
        isNew = false
        return
      }
      const before = cluster.slice()
      await assignByKernel(matrix, centroids, cluster, distance, pacer)
      if (!isWorthIt) return
      const changed = cluster.reduce((count, c, r) => count + (c === before[r] ? 0 : 1), 0)
      if (changed > RESTLESS_SHARE * rows) return
      bounds = openBounds(rows)
      isNew = true
    },
    follow(cluster, before, after, columns) {
      if (bounds) followMoves(bounds, cluster, before, after, columns)
    },
    forget: () => (bounds = undefined),
  }
}

async function assignByKernel(
  matrix: DenseMatrix,
  centroids: Float64Array,
  cluster: Int32Array,
  distance: Float64Array,
  pacer: Pacer,
): Promise<void> {
  const { rows, columns } = matrix
  const count = centroids.length / columns
  const strip = stripRows(centroids.length)
  for (let from = 0; from < rows; from += strip) {
    const to = Math.min(rows, from + strip)
    matrix.nearest(
      centroids,
      count,
      cluster.subarray(from, to),
      distance.subarray(from, to),
      from,
      to,
    )
    if (pacer.due((to - from) * centroids.length)) await pacer.rest()
  }
}

/** What rounding may add to a bound, as a part of it: thousands of moves of 10⁻¹⁶ each. */
const MARGIN = 1 + 1e-9

export interface Bounds {
  /** Per row; Infinity and 0 make it look at every centroid. */
  readonly upper: Float64Array
  readonly lower: Float64Array
}

export const openBounds = (rows: number): Bounds => ({
  upper: new Float64Array(rows).fill(Infinity),
  lower: new Float64Array(rows),
})

/** Moves the bounds after the centroids have moved from `before` to `after` (count × columns each). */
export function followMoves(
  bounds: Bounds,
  cluster: Int32Array,
  before: Float64Array,
  after: Float64Array,
  columns: number,
): void {
  const count = before.length / columns
  const moves = Float64Array.from({ length: count }, (_, c) =>
    Math.sqrt(squaredDistance(before, c * columns, after, c * columns, columns)),
  )
  let [first, greatest, second] = [-1, 0, 0]
  moves.forEach((move, c) => {
    if (move >= greatest) [first, greatest, second] = [c, move, greatest]
    else if (move > second) second = move
  })
  const { upper, lower } = bounds
  for (let r = 0; r < upper.length; r++) {
    const c = cluster[r]!
    upper[r] = (upper[r]! + moves[c]!) * MARGIN
    lower[r] = lower[r]! / MARGIN - (c === first ? second : greatest) * MARGIN
  }
}

/** Puts every row to its nearest centroid, the first of equally near ones. Returns how many looked at all of them. */
export async function assignByBounds(
  matrix: DenseMatrix,
  centroids: Float64Array,
  cluster: Int32Array,
  bounds: Bounds,
  pacer: Pacer,
): Promise<number> {
  const { rows, columns, values } = matrix
  const count = centroids.length / columns
  const half = halfWays(centroids, count, columns)
  const { upper, lower } = bounds
  const strip = stripRows(count * columns)
  let searched = 0
  for (let from = 0; from < rows; from += strip) {
    const to = Math.min(rows, from + strip)
    let work = to - from
    for (let r = from; r < to; r++) {
      const limit = Math.max(lower[r]!, half[cluster[r]!]!)
      if (upper[r]! < limit) continue
      const own = squaredDistance(values, r * columns, centroids, cluster[r]! * columns, columns)
      upper[r] = Math.sqrt(own) * MARGIN
      work += columns
      if (upper[r]! < limit) continue
      searchAll(matrix, centroids, cluster, bounds, r)
      searched += 1
      work += count * columns
    }
    if (pacer.due(work * 4)) await pacer.rest()
  }
  return searched
}

/** Per centroid, half the distance to the nearest other one. */
function halfWays(centroids: Float64Array, count: number, columns: number): Float64Array {
  const half = new Float64Array(count).fill(Infinity)
  for (let a = 0; a < count; a++) {
    for (let b = 0; b < a; b++) {
      const d =
        Math.sqrt(squaredDistance(centroids, a * columns, centroids, b * columns, columns)) / 2
      half[a] = Math.min(half[a]!, d)
      half[b] = Math.min(half[b]!, d)
    }
  }
  return half.map((distance) => distance / MARGIN)
}

function searchAll(
  { columns, values }: DenseMatrix,
  centroids: Float64Array,
  cluster: Int32Array,
  { upper, lower }: Bounds,
  r: number,
): void {
  let [best, nearest, second] = [0, Infinity, Infinity]
  for (let c = 0; c * columns < centroids.length; c++) {
    const d = squaredDistance(values, r * columns, centroids, c * columns, columns)
    if (d < nearest) [best, nearest, second] = [c, d, nearest]
    else if (d < second) second = d
  }
  cluster[r] = best
  upper[r] = Math.sqrt(nearest) * MARGIN
  lower[r] = Math.sqrt(second) / MARGIN
}

/** Starting centroids by k-means++ (Arthur and Vassilvitskii, SODA 2007), several candidates a step (its section 5). */
import type { DenseMatrix, Random } from '../../kernels/index.ts'
import { stripRows, type Pacer } from '../pacer.ts'

/**
 * Up to k rows as centroids (count × columns): the first drawn by weight, each further one by weight × squared distance to
 * the nearest chosen; of 2 + ⌊ln k⌋ candidates the one that leaves the least inertia. Fewer when the rows have
 * fewer distinct values.
 */
export async function chooseStart(
  matrix: DenseMatrix,
  weight: Float64Array,
  k: number,
  random: Random,
  pacer: Pacer,
): Promise<Float64Array> {
  const { rows, columns } = matrix
  const candidates = 2 + Math.floor(Math.log(k))
  const chosen: number[] = [draw(weight, 1, random)[0]!]
  let nearest = await distancesTo(matrix, chosen[0]!, pacer)
  while (chosen.length < k) {
    const mass = nearest.map((distance, r) => weight[r]! * distance)
    if (!(mass.reduce((sum, value) => sum + value, 0) > 0)) break
    let best: { row: number; nearest: Float64Array; inertia: number } | undefined
    for (const row of draw(mass, candidates, random)) {
      const distance = await distancesTo(matrix, row, pacer)
      let inertia = 0
      for (let r = 0; r < rows; r++) {
        if (nearest[r]! < distance[r]!) distance[r] = nearest[r]!
        inertia += weight[r]! * distance[r]!
      }
      if (!best || inertia < best.inertia) best = { row, nearest: distance, inertia }
    }
    chosen.push(best!.row)
    nearest = best!.nearest
  }
  const centroids = new Float64Array(chosen.length * columns)
  chosen.forEach((row, c) => {
    centroids.set(matrix.values.subarray(row * columns, (row + 1) * columns), c * columns)
  })
  return centroids
}

/** `count` rows, each drawn with a chance in proportion to its mass; never one of mass 0. */
function draw(mass: Float64Array, count: number, random: Random): number[] {
  const total = mass.reduce((sum, value) => sum + value, 0)
  const marks = Float64Array.from({ length: count }, () => random.uniform() * total).toSorted()
  const rows: number[] = []
  let sum = 0
  let last = 0
  for (let r = 0; r < mass.length && rows.length < count; r++) {
    const own = mass[r]!
    if (own === 0) continue
    last = r
    sum += own
    while (rows.length < count && marks[rows.length]! < sum) rows.push(r)
  }
  // Rounding may leave the sum a little below the total: the last row with mass takes what is left.
  while (rows.length < count) rows.push(last)
  return rows
}

/** Squared distance of every row to one of them. */
async function distancesTo(matrix: DenseMatrix, row: number, pacer: Pacer): Promise<Float64Array> {
  const { rows, columns } = matrix
  const center = matrix.values.slice(row * columns, (row + 1) * columns)
  const distance = new Float64Array(rows)
  const stripLength = stripRows(columns)
  const index = new Int32Array(stripLength)
  for (let from = 0; from < rows; from += stripLength) {
    const to = Math.min(rows, from + stripLength)
    matrix.nearest(center, 1, index, distance.subarray(from, to), from, to)
    if (pacer.due((to - from) * (columns + 8))) await pacer.rest()
  }
  return distance
}

/** Starting centroids by k-means++ (Arthur and Vassilvitskii, SODA 2007), several candidates a step (its section 5). */
import type { Points, Random } from '../../kernels/index.ts'
import type { Pacer } from '../pacer.ts'
import { candidatesOf, eachSpan } from './kmeans-points.ts'

/**
 * Up to k rows as centroids (count × columns): the first drawn by weight, each further one by weight × squared distance to
 * the nearest chosen; of 2 + ⌊ln k⌋ candidates the one that leaves the least inertia. Fewer when the rows have
 * fewer distinct values.
 */
export async function chooseStart(
  points: Points,
  k: number,
  random: Random,
  pacer: Pacer,
): Promise<Float64Array> {
  const { rows, columns, weights, distance } = points
  const candidates = candidatesOf(k)
  const chosen: number[] = [draw(weights, 1, random)[0]!]
  const take = (center: number): Promise<void> =>
    eachSpan(points, columns, pacer, (from, to) => points.lower(center, from, to))
  distance.fill(Infinity)
  points.setCenters(rowsOf(points, chosen))
  await take(0)
  while (chosen.length < k) {
    const mass = distance.map((squared, r) => weights[r]! * squared)
    if (!(mass.reduce((sum, value) => sum + value, 0) > 0)) break
    const drawn = draw(mass, candidates, random)
    if (pacer.due(rows * 24)) await pacer.rest()
    points.setCenters(rowsOf(points, drawn))
    const costs = new Float64Array(candidates)
    await eachSpan(points, candidates * columns, pacer, (from, to) => points.weigh(costs, from, to))
    const best = costs.reduce((least, cost, at) => (cost < costs[least]! ? at : least), 0)
    chosen.push(drawn[best]!)
    await take(best)
  }
  return rowsOf(points, chosen)
}

/** Some rows, count × columns. */
function rowsOf({ columns, stride, values }: Points, rows: readonly number[]): Float64Array {
  const centers = new Float64Array(rows.length * columns)
  rows.forEach((r, c) => {
    centers.set(values.subarray(r * stride, r * stride + columns), c * columns)
  })
  return centers
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

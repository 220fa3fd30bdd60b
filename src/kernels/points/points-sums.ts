/** Sums of clusters from parts that were made side by side, added in their order. */
import type { ClusterSums } from './points.ts'

/** `parts`: of each center in turn Σ v z in `stride` numbers, Σ v, rows. */
export function addParts(
  parts: readonly Float64Array[],
  count: number,
  columns: number,
  stride: number,
): ClusterSums {
  const total = new Float64Array(count * columns)
  const mass = new Float64Array(count)
  const size = new Int32Array(count)
  for (const part of parts) {
    for (let c = 0; c < count; c++) {
      const from = c * (stride + 2)
      for (let j = 0; j < columns; j++) total[c * columns + j]! += part[from + j]!
      mass[c]! += part[from + stride]!
      size[c]! += part[from + stride + 1]!
    }
  }
  return { total, mass, size }
}

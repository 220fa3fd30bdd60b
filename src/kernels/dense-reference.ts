/** The plain reading of `DenseMatrix`: what the WebAssembly twin must equal, bit for bit. */
import type { DenseMatrix } from './dense-matrix.ts'
import { dot, squaredDistance } from './distances.ts'

export function createReferenceMatrix(rows: number, columns: number): DenseMatrix {
  const values = new Float64Array(rows * columns)
  return {
    rows,
    columns,
    values,
    runs: 'typescript',
    multiply(vector, out, from, to) {
      for (let r = from; r < to; r++) out[r - from] = dot(values, r * columns, vector, 0, columns)
    },
    addTransposed(scale, out, from, to) {
      for (let r = from; r < to; r++) {
        const s = scale[r - from]!
        const at = r * columns
        for (let j = 0; j < columns; j++) out[j] = out[j]! + s * values[at + j]!
      }
    },
    addGram(scale, gram, from, to) {
      for (let r = from; r < to; r++) {
        const at = r * columns
        for (let i = 0; i < columns; i++) {
          const s = scale[r - from]! * values[at + i]!
          const row = i * columns
          for (let j = 0; j <= i; j++) gram[row + j] = gram[row + j]! + s * values[at + j]!
        }
      }
    },
    nearest(centers, count, index, distance, from, to) {
      for (let r = from; r < to; r++) {
        let best = Infinity
        let bestIndex = 0
        for (let c = 0; c < count; c++) {
          const d = squaredDistance(values, r * columns, centers, c * columns, columns)
          if (d < best) {
            best = d
            bestIndex = c
          }
        }
        index[r - from] = bestIndex
        distance[r - from] = best
      }
    },
  }
}

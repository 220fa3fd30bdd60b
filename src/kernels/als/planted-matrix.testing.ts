import { createRandom } from '../random.ts'
import type { SparseMatrix } from './sparse-matrix.ts'

/**
 * A matrix with a planted truth: rows and columns have vectors of `rank` normal numbers; a row has an entry where its product
 * with the column, plus some noise, is above 1.5 times the rank's root; values are 1 to 5.
 */
export function plantedMatrix(
  shape: { readonly rows: number; readonly columns: number; readonly rank: number },
  seed: number,
): SparseMatrix & { readonly truth: (row: number, column: number) => number } {
  const { rows, columns, rank } = shape
  const random = createRandom(seed)
  const draw = (count: number): Float64Array =>
    Float64Array.from({ length: count * rank }, () => random.gaussian())
  const [x, y] = [draw(rows), draw(columns)]
  const truth = (row: number, column: number): number => {
    let sum = 0
    for (let f = 0; f < rank; f++) sum += x[row * rank + f]! * y[column * rank + f]!
    return sum
  }
  const lists = Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (_, column) => column).filter(
      (column) => truth(row, column) + 0.5 * random.gaussian() > 1.5 * Math.sqrt(rank),
    ),
  )
  const start = new Int32Array(rows + 1)
  for (const [row, list] of lists.entries()) start[row + 1] = start[row]! + list.length
  const column = Int32Array.from(lists.flat())
  const value = Float32Array.from(column, () => 1 + random.int(5))
  return { rows, columns, start, column, value, truth }
}

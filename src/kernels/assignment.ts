/**
 * The assignment problem: which column for which row, so that the summed cost is smallest. Shortest augmenting paths with
 * potentials (Kuhn 1955 "Hungarian method"; in the form of Jonker and Volgenant, Computing 38, 1987). Cost rows² × columns.
 *
 * `cost`: rows × columns, row-major, rows ≤ columns, finite. Returns the column of each row.
 */
export function assignRows(cost: Float64Array, rows: number, columns: number): Int32Array {
  if (rows > columns) throw new RangeError(`assignRows: ${rows} rows need as many columns`)
  // Index 0 stands for "none"; rows and columns count from 1.
  const rowPotential = new Float64Array(rows + 1)
  const columnPotential = new Float64Array(columns + 1)
  const rowOf = new Int32Array(columns + 1)
  const cameFrom = new Int32Array(columns + 1)
  for (let row = 1; row <= rows; row++) {
    rowOf[0] = row
    let column = 0
    const slack = new Float64Array(columns + 1).fill(Infinity)
    const visited = new Uint8Array(columns + 1)
    do {
      visited[column] = 1
      const current = rowOf[column] ?? 0
      let delta = Infinity
      let next = 0
      for (let j = 1; j <= columns; j++) {
        if (visited[j] === 1) continue
        const reduced =
          (cost[(current - 1) * columns + j - 1] ?? 0) -
          (rowPotential[current] ?? 0) -
          (columnPotential[j] ?? 0)
        if (reduced < (slack[j] ?? 0)) {
          slack[j] = reduced
          cameFrom[j] = column
        }
        if ((slack[j] ?? 0) < delta) {
          delta = slack[j] ?? 0
          next = j
        }
      }
      for (let j = 0; j <= columns; j++) {
        if (visited[j] === 1) {
          const visitedRow = rowOf[j] ?? 0
          rowPotential[visitedRow] = (rowPotential[visitedRow] ?? 0) + delta
          columnPotential[j] = (columnPotential[j] ?? 0) - delta
        } else slack[j] = (slack[j] ?? 0) - delta
      }
      column = next
    } while (rowOf[column] !== 0)
    while (column !== 0) {
      const previous = cameFrom[column] ?? 0
      rowOf[column] = rowOf[previous] ?? 0
      column = previous
    }
  }
  const columnOf = new Int32Array(rows)
  for (let j = 1; j <= columns; j++) {
    const row = rowOf[j] ?? 0
    if (row > 0) columnOf[row - 1] = j - 1
  }
  return columnOf
}

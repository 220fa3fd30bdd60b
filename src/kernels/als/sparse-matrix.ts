/** Compressed sparse rows. The entries of row u are `start[u]` to `start[u + 1]` − 1. */
export interface SparseMatrix {
  readonly rows: number
  readonly columns: number
  /** rows + 1. */
  readonly start: Int32Array
  /** One per entry. */
  readonly column: Int32Array
  readonly value: Float32Array
}

/** Rows and columns change places; entries of one column keep their order. O(entries + rows + columns). */
export function transpose(matrix: SparseMatrix): SparseMatrix {
  const { rows, columns, start, column, value } = matrix
  const turned = new Int32Array(columns + 1)
  for (const c of column) turned[c + 1]! += 1
  for (let c = 0; c < columns; c++) turned[c + 1]! += turned[c]!
  const next = turned.slice(0, columns)
  const row = new Int32Array(column.length)
  const values = new Float32Array(column.length)
  for (let u = 0; u < rows; u++) {
    for (let e = start[u]!; e < start[u + 1]!; e++) {
      const at = next[column[e]!]!++
      row[at] = u
      values[at] = value[e]!
    }
  }
  return { rows: columns, columns: rows, start: turned, column: row, value: values }
}

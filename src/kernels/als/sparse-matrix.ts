/**
 * Compressed sparse rows. The entries of row u are `start[u]` to `start[u + 1]` − 1; a column may come twice in a row, but not
 * for gradient steps, whose memory is that of a row with every column once.
 */
export interface SparseMatrix {
  readonly rows: number
  readonly columns: number
  /** rows + 1. */
  readonly start: Int32Array
  /** One per entry. */
  readonly column: Int32Array
  readonly value: Float32Array
  /** One per entry, ≥ 0: how often it counts; 1 when absent. */
  readonly weight?: Float32Array | undefined
}

/** Entries as they come: one row, column, value and, when they do not count alike, weight each. */
export type SparseEntries = Omit<SparseMatrix, 'rows' | 'columns' | 'start'> & {
  readonly row: Int32Array
}

/** A counting sort; entries of one row keep their order. O(entries + rows). */
export function compressRows(entries: SparseEntries, rows: number, columns: number): SparseMatrix {
  const { row, column, value, weight } = entries
  const start = new Int32Array(rows + 1)
  for (const u of row) start[u + 1]! += 1
  for (let u = 0; u < rows; u++) start[u + 1]! += start[u]!
  const next = start.slice(0, rows)
  const sorted = {
    column: new Int32Array(row.length),
    value: new Float32Array(row.length),
    weight: weight && new Float32Array(row.length),
  }
  for (let entry = 0; entry < row.length; entry++) {
    const at = next[row[entry]!]!++
    sorted.column[at] = column[entry]!
    sorted.value[at] = value[entry]!
    if (sorted.weight) sorted.weight[at] = weight![entry]!
  }
  return { rows, columns, start, ...sorted }
}

/** Rows and columns change places; entries of one column keep their order. O(entries + rows + columns). */
export function transpose({ rows, columns, start, column, ...rest }: SparseMatrix): SparseMatrix {
  const row = new Int32Array(column.length)
  for (let u = 0; u < rows; u++) row.fill(u, start[u], start[u + 1])
  return compressRows({ ...rest, row: column, column: row }, columns, rows)
}

/** Columns side by side as rows × columns, row-major; what is not finite is missing. */
export function rowMajor(columns: readonly Float64Array[], rows: number): Float64Array {
  const width = columns.length
  const values = new Float64Array(rows * width)
  for (const [index, column] of columns.entries()) {
    for (let row = 0; row < rows; row++) {
      const value = column[row] ?? Number.NaN
      values[row * width + index] = Number.isFinite(value) ? value : Number.NaN
    }
  }
  return values
}

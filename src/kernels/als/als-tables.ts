/**
 * Fills the memory of an ALS: both orientations of the matrix, rows and columns by descending number of entries. What is
 * asked for most then lies together, where caches and the page tables of the processor reach it (on MovieLens 20M a fifth
 * of the users has three fifths of the entries), and the longest rows come first, so that no thread is late with one.
 */
import type { layOutAls } from './als-memory.ts'
import type { SparseMatrix } from './sparse-matrix.ts'

type Places = ReturnType<typeof layOutAls>['places']

/** One side in memory. */
export interface SideTable {
  readonly at: Places['rows']
  readonly rows: number
  /** Which row lies at each place. */
  readonly order: Int32Array
  /** rows + 1, by place. */
  readonly start: Int32Array
  /** rows × stride, by place. */
  readonly factors: Float32Array
  /** By place. */
  readonly penalty: Float32Array
}

export function fillTables(
  buffer: SharedArrayBuffer,
  places: Places,
  matrix: SparseMatrix,
  stride: number,
  only?: 'rows',
): Record<'rows' | 'columns', SideTable> {
  const counts = new Int32Array(matrix.columns)
  for (const column of matrix.column) counts[column]! += 1
  const ofRow = (row: number): number => matrix.start[row + 1]! - matrix.start[row]!
  const rows = openSide(buffer, places.rows, matrix.rows, ofRow, stride)
  const columns = openSide(buffer, places.columns, matrix.columns, (c) => counts[c]!, stride)
  const placeOfColumn = new Int32Array(matrix.columns)
  for (const [place, column] of columns.order.entries()) placeOfColumn[column] = place
  const entries = matrix.column.length
  const ofRows = entriesOf(buffer, places.rows, entries)
  if (only === 'rows') {
    copyRows(matrix, rows, placeOfColumn, ofRows)
    return { rows, columns }
  }
  const ofColumns = entriesOf(buffer, places.columns, entries)
  // Rows by place, so that the places in every column ascend; then the same back.
  const next = columns.start.slice()
  for (const [place, row] of rows.order.entries()) {
    for (let e = matrix.start[row]!; e < matrix.start[row + 1]!; e++) {
      const at = next[placeOfColumn[matrix.column[e]!]!]!++
      ofColumns.column[at] = place
      ofColumns.value[at] = matrix.value[e]!
      if (matrix.weight) ofColumns.weight[at] = matrix.weight[e]!
    }
  }
  const nextOfRow = rows.start.slice()
  for (let place = 0; place < columns.rows; place++) {
    for (let e = columns.start[place]!; e < columns.start[place + 1]!; e++) {
      const at = nextOfRow[ofColumns.column[e]!]!++
      ofRows.column[at] = place
      ofRows.value[at] = ofColumns.value[e]!
      if (matrix.weight) ofRows.weight[at] = ofColumns.weight[e]!
    }
  }
  return { rows, columns }
}

/** Rows in their order, entries in theirs. */
function copyRows(
  matrix: SparseMatrix,
  { order }: SideTable,
  placeOfColumn: Int32Array,
  to: ReturnType<typeof entriesOf>,
): void {
  let at = 0
  for (const row of order) {
    for (let e = matrix.start[row]!; e < matrix.start[row + 1]!; e++, at++) {
      to.column[at] = placeOfColumn[matrix.column[e]!]!
      to.value[at] = matrix.value[e]!
      if (matrix.weight) to.weight[at] = matrix.weight[e]!
    }
  }
}

function openSide(
  buffer: SharedArrayBuffer,
  at: Places['rows'],
  rows: number,
  countOf: (row: number) => number,
  stride: number,
): SideTable {
  const order = Int32Array.from({ length: rows }, (_, row) => row)
  order.sort((a, b) => countOf(b) - countOf(a) || a - b)
  const start = new Int32Array(buffer, at.start, rows + 1)
  for (const [place, row] of order.entries()) start[place + 1] = start[place]! + countOf(row)
  return {
    at,
    rows,
    order,
    start,
    factors: new Float32Array(buffer, at.factors, rows * stride),
    penalty: new Float32Array(buffer, at.penalty, rows),
  }
}

const entriesOf = (buffer: SharedArrayBuffer, at: Places['rows'], entries: number) => ({
  column: new Int32Array(buffer, at.column, entries),
  value: new Float32Array(buffer, at.value, entries),
  weight: new Float32Array(buffer, at.weight, at.weight === 0 ? 0 : entries),
})

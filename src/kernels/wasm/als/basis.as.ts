// The gram matrix of a table of factors, and the turn of a table into the basis in which it is diagonal.
import { at, BASIS, D, PART, SOURCE } from './job.as'
import { addSquare, tile } from './tiles.as'

// Rows gathered at once: they stay in the first-level cache (16 KiB).
// @ts-ignore: decorator
@inline export function panelRows(bytes: usize): i32 {
  const fitting: usize = 16384 / bytes
  const rows = <i32>fitting
  return rows < 8 ? 8 : rows
}

// Partial gram matrix (upper triangle) of rows `from` to `to` of SOURCE into part `chunk`.
export function addGram(job: usize, from: i32, to: i32, scratch: usize, chunk: i32): void {
  const d = load<i32>(job + D)
  const bytes = (<usize>d) << 2
  const part = at(job, PART) + (<usize>chunk) * bytes * (<usize>d)
  const perPanel = panelRows(bytes)
  const source = at(job, SOURCE)
  memory.fill(part, 0, bytes * (<usize>d))
  for (let row = from; row < to; row += perPanel) {
    const count = to - row < perPanel ? to - row : perPanel
    addSquare(source + (<usize>row) * bytes, count, bytes, part)
  }
}

// Rows that are turned together: their copy and 8 columns of the basis stay in the first-level cache.
const TURNED: i32 = 16

// Rows `from` to `to` of SOURCE, in place, times BASIS; `from` is a multiple of 16, and rows up to the next multiple of 4
// belong to the table. Scratch: 16 rows.
export function turn(job: usize, from: i32, to: i32, scratch: usize, chunk: i32): void {
  const d = load<i32>(job + D)
  const bytes = (<usize>d) << 2
  const basis = at(job, BASIS)
  const table = at(job, SOURCE)
  for (let first = from; first < to; first += TURNED) {
    const end = to - first < TURNED ? to : first + TURNED
    // Four rows side by side: d × 4.
    let copy = scratch
    for (let r = first; r < end; r += 4) {
      const row = table + (<usize>r) * bytes
      for (let o: usize = 0; o < bytes; o += 4) {
        const place = copy + (o << 2)
        store<f32>(place, load<f32>(row + o))
        store<f32>(place, load<f32>(row + bytes + o), 4)
        store<f32>(place, load<f32>(row + 2 * bytes + o), 8)
        store<f32>(place, load<f32>(row + 3 * bytes + o), 12)
      }
      copy += bytes << 2
    }
    for (let j: usize = 0; j < bytes; j += 32) {
      copy = scratch
      for (let r = first; r < end; r += 4) {
        tile(copy, 16, basis + j * (<usize>d), 32, d, table + (<usize>r) * bytes + j, bytes, 1, 0)
        copy += bytes << 2
      }
    }
  }
}

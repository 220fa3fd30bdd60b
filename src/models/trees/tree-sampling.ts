/** Which rows and columns a tree sees, drawn by a seeded generator. */
import type { Random } from '../../kernels/index.ts'

/**
 * Chooses `wanted` of the numbers 0 to `size` − 1, every set as likely, and says of each in turn whether it was (Knuth,
 * The Art of Computer Programming 2, 3.4.2, algorithm S).
 */
function choose(
  size: number,
  wanted: number,
  random: Random,
  visit: (i: number, is: boolean) => void,
) {
  let left = wanted
  for (let i = 0; i < size; i++) {
    const isChosen = random.uniform() * (size - i) < left
    if (isChosen) left -= 1
    visit(i, isChosen)
  }
}

/** Sets a share of rows apart; none when that would be less than one row. Both in ascending order. */
export function holdOut(
  rows: number,
  share: number,
  random: Random,
): { readonly train: Int32Array; readonly held: Int32Array } {
  const all = Int32Array.from({ length: rows }, (_, r) => r)
  const { inside, outside } = drawRows(all, 1 - share, random)
  return { train: inside, held: outside }
}

/** A share of the rows, at least one, and the others; both in the order of `rows`. */
export function drawRows(
  rows: Int32Array,
  share: number,
  random: Random,
): { readonly inside: Int32Array; readonly outside: Int32Array } {
  const wanted = Math.max(1, Math.ceil(rows.length * share))
  if (wanted >= rows.length) return { inside: rows, outside: new Int32Array(0) }
  const inside = new Int32Array(wanted)
  const outside = new Int32Array(rows.length - wanted)
  let [a, b] = [0, 0]
  choose(rows.length, wanted, random, (i, isInside) => {
    if (isInside) inside[a++] = rows[i]!
    else outside[b++] = rows[i]!
  })
  return { inside, outside }
}

/** A share of the columns, at least one, ascending. */
export function drawColumns(columns: number, share: number, random: Random): Int32Array {
  const wanted = Math.max(1, Math.round(columns * share))
  if (wanted >= columns) return Int32Array.from({ length: columns }, (_, j) => j)
  const drawn: number[] = []
  choose(columns, wanted, random, (j, isDrawn) => {
    if (isDrawn) drawn.push(j)
  })
  return Int32Array.from(drawn)
}

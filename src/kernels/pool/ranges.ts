/** How rows are shared out where sums are made range by range: by their work alone, never by the number of threads. */

/** Most ranges of a call, and so parts that sums are made in. */
export const MOST_PARTS = 16
/** Least multiply-adds of a range: some 50 µs, several times what it takes to hand one over. */
const LEAST_WORK = 500_000

/** Into how many ranges some rows are cut. */
export const rangesOf = (rows: number, workOfRow: number): number =>
  Math.max(1, Math.min(MOST_PARTS, Math.floor((rows * workOfRow) / LEAST_WORK)))

/** Ranges as a team cuts them, one after another. */
export function eachRange(
  from: number,
  to: number,
  ranges: number,
  run: (from: number, to: number, range: number) => void,
): void {
  const size = Math.ceil((to - from) / ranges)
  for (let range = 0; range < ranges; range++) {
    run(Math.min(to, from + range * size), Math.min(to, from + (range + 1) * size), range)
  }
}

/**
 * Cells of equal width between the lowest and the highest cut of a column: which cell a value is in says how many cuts are
 * surely below it. A cell's number never falls as values rise, so no rounding can make it wrong, only less of a help.
 */

/** Bytes of a column's grid: lowest cut and cells a unit (doubles), bits of the search (32-bit), 256 counts at 32. */
export const GRID_BYTES = 288
const CELLS = 256
/** Added to a number below 256 it leaves the nearest whole one, as in `wasm/trees.shared.as.ts`. */
const WHOLE = 2 ** 52

/** `cuts`: ascending, at most 254. */
export function writeGrid(cuts: Float64Array, view: DataView): void {
  const low = cuts[0] ?? 0
  // Infinite where all cuts are nearly one, 0 where they are too far apart.
  const scale = (CELLS - 1) / ((cuts.at(-1) ?? 0) - low)
  const before = new Uint16Array(CELLS + 1)
  for (const cut of cuts) {
    const place = (cut - low) * scale
    const cell = place > 0 ? Math.min(CELLS - 1, place) + WHOLE - WHOLE : 0
    before[cell + 1]! += 1
  }
  const most = before.reduce((a, b) => Math.max(a, b), 0)
  for (let cell = 0; cell < CELLS; cell++) before[cell + 1]! += before[cell]!
  view.setFloat64(0, low, true)
  view.setFloat64(8, scale, true)
  view.setInt32(16, 32 - Math.clz32(most), true)
  for (let cell = 0; cell < CELLS; cell++) view.setUint8(32 + cell, before[cell]!)
}

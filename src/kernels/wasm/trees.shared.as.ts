// Scores of rows by many trees in AssemblyScript; `models/trees/tree-ensemble.ts` gives the same numbers in TypeScript. All
// pointers are byte addresses in the imported memory; the caller lays them out (`tree-image.ts`). Rows come in strips of 256:
// their bins stay in the fastest memory while all trees pass over them.

// @ts-ignore: decorator
@inline
function step(at: usize, x: f64, bit: usize): usize {
  return at + ((<usize>(load<f64>(at + ((<usize>1) << bit)) < x)) << bit)
}

// The bin of x, of whose column the cuts before `first` are known to be below it, and at most 2^bits − 1 of the next ones.
// @ts-ignore: decorator
@inline
function storeBin(bits: i32, x: f64, cut: usize, first: usize, bin: usize, second: usize): void {
  let at = cut + (first << 3)
  if (bits > 3) {
    at = step(at, x, 10)
    at = step(at, x, 9)
    at = step(at, x, 8)
    at = step(at, x, 7)
    at = step(at, x, 6)
  }
  if (bits > 2) at = step(at, x, 5)
  at = step(at, x, 4)
  at = step(at, x, 3)
  const found = <i32>((at - cut) >> 3) + 1
  const missing = <i32>(x != x)
  store<u8>(bin, found & (missing - 1))
  store<u8>(bin + second, found | -missing)
}

// @ts-ignore: decorator
@inline
function binColumn(bits: i32, values: usize, columns: i32, rows: i32, cut: usize, grid: usize, bins: usize): void {
  const width = (<usize>columns) << 3
  const second = (<usize>columns) << 8
  const low = f64x2.splat(load<f64>(grid))
  const scale = f64x2.splat(load<f64>(grid, 8))
  const cells = grid + 32
  const none = f64x2.splat(0)
  const most = f64x2.splat(255)
  // Added to a number below 256, it leaves the nearest whole one in the lowest byte.
  const whole = f64x2.splat(4503599627370496)
  for (let r: i32 = 0; r < rows; r += 2) {
    const a = load<f64>(values)
    const b = load<f64>(r + 1 < rows ? values + width : values)
    const pair = f64x2.replace_lane(f64x2.splat(a), 1, b)
    const place = f64x2.mul(f64x2.sub(pair, low), scale)
    // In this order of operands what is no number becomes 0.
    const cell = f64x2.add(f64x2.pmin(most, f64x2.pmax(none, place)), whole)
    const firstA = <usize>load<u8>(cells + (<usize>i64x2.extract_lane(cell, 0) & 255))
    const firstB = <usize>load<u8>(cells + (<usize>i64x2.extract_lane(cell, 1) & 255))
    storeBin(bits, a, cut, firstA, bins, second)
    storeBin(bits, b, cut, firstB, bins + 1, second)
    values += width << 1
    bins += 2
  }
}

// One bin a value, in two tables of 256 bytes a column: 1 + the cuts below it; for NaN 0 in the first table and 255 in the
// second, so that a split takes the table in which what is missing lies on its side. A value's cell among 256 of equal width
// says how many cuts are surely below it, the rest is searched for. `cuts`: 512 doubles a column, ascending, filled up with
// infinity; `grids`: 288 bytes a column (`tree-grid.ts`).
function toBins(values: usize, columns: i32, rows: i32, cuts: usize, grids: usize, bins: usize): void {
  for (let j: i32 = 0; j < columns; j++) {
    // One less, so that the cut before a place is where a step of that many bytes leads.
    const cut = cuts + ((<usize>j) << 12) - 8
    const grid = grids + (<usize>j) * 288
    const bits = load<i32>(grid, 16)
    const value = values + ((<usize>j) << 3)
    const bin = bins + ((<usize>j) << 8)
    // Steps without a loop: a third of the time.
    if (bits <= 2) binColumn(2, value, columns, rows, cut, grid, bin)
    else if (bits <= 3) binColumn(3, value, columns, rows, cut, grid, bin)
    else binColumn(8, value, columns, rows, cut, grid, bin)
  }
}

// @ts-ignore: decorator
@inline
function next(nodes: usize, at: i32, row: usize): i32 {
  const node = load<u64>(nodes + ((<usize>at) << 3))
  const bin = <i32>load<u8>(row + <usize>((node & 0xffff) << 8))
  return <i32>(node >> 32) + <i32>(bin > <i32>((node >> 24) & 255))
}

// Adds the value of every tree's leaf to each score, tree after tree. A node is table and column (16 bits), nothing (8), the
// last bin that goes left (8), first child (32); a leaf is its own first child and lets every bin go left, so that all rows
// of a tree take as many steps. Four rows walk side by side: none waits for another's memory.
function walkTrees(
  bins: usize,
  rows: i32,
  nodes: usize,
  values: usize,
  roots: usize,
  depths: usize,
  trees: i32,
  scores: usize,
): void {
  for (let t: i32 = 0; t < trees; t++) {
    const root = load<i32>(roots + ((<usize>t) << 2))
    const depth = load<i32>(depths + ((<usize>t) << 2))
    let row = bins
    let score = scores
    for (let r: i32 = 0; r < rows; r += 4) {
      let a = root
      let b = root
      let c = root
      let d = root
      for (let step: i32 = 0; step < depth; step++) {
        a = next(nodes, a, row)
        b = next(nodes, b, row + 1)
        c = next(nodes, c, row + 2)
        d = next(nodes, d, row + 3)
      }
      store<f64>(score, load<f64>(score) + load<f64>(values + ((<usize>a) << 3)))
      store<f64>(score, load<f64>(score, 8) + load<f64>(values + ((<usize>b) << 3)), 8)
      store<f64>(score, load<f64>(score, 16) + load<f64>(values + ((<usize>c) << 3)), 16)
      store<f64>(score, load<f64>(score, 24) + load<f64>(values + ((<usize>d) << 3)), 24)
      row += 4
      score += 32
    }
  }
}

// @ts-ignore: decorator
@inline
function keep(leaves: v128, row: usize, offset: usize, last: v128, others: v128): v128 {
  const bin = v128.load(row + offset)
  const isLeft = i8x16.eq(i8x16.min_u(bin, last), bin)
  return v128.and(leaves, v128.or(isLeft, others))
}

// @ts-ignore: decorator
@inline
function lowestBit(byte: v128): v128 {
  return i8x16.popcnt(i8x16.sub(v128.and(byte, i8x16.neg(byte)), i8x16.splat(1)))
}

// @ts-ignore: decorator
@inline
function addValues(leaf: usize, values: usize, score: usize): void {
  for (let i: usize = 0; i < 16; i += 2) {
    const a = load<f64>(values + ((<usize>load<u8>(leaf + i)) << 3))
    const b = load<f64>(values + ((<usize>load<u8>(leaf + i, 1)) << 3))
    const pair = f64x2.replace_lane(f64x2.splat(a), 1, b)
    v128.store(score + (i << 3), f64x2.add(v128.load(score + (i << 3)), pair))
  }
}

// The same for trees of few leaves, without walking: each row keeps a bit for every leaf that it may still reach, each split
// that sends it right takes the bits of its left side away, and the lowest bit that is left is its leaf. 64 rows at a time,
// eight leaves at a time, from the last to the first. `program` per tree: address of its values in the order of the leaves,
// number of its bytes of leaves; then per byte its number of splits and those: table and column (16 bits), last bin that
// goes left (8), bits that it leaves (8). `leaf`: 64 bytes.
function sieveTrees(
  bins: usize,
  rows: i32,
  program: usize,
  trees: i32,
  leaf: usize,
  scores: usize,
): void {
  for (let t: i32 = 0; t < trees; t++) {
    const values = <usize>load<u32>(program)
    const bytes = load<i32>(program, 4)
    let at: usize = 0
    for (let r: i32 = 0; r < rows; r += 64) {
      const row = bins + <usize>r
      at = program + 8
      let byteA = i8x16.splat(0)
      let byteB = byteA
      let byteC = byteA
      let byteD = byteA
      let leafA = byteA
      let leafB = byteA
      let leafC = byteA
      let leafD = byteA
      const zero = byteA
      for (let first: i32 = (bytes - 1) << 3; first >= 0; first -= 8) {
        const end = at + 4 + ((<usize>load<u32>(at)) << 2)
        let a = i8x16.splat(-1)
        let b = a
        let c = a
        let d = a
        for (at += 4; at < end; at += 4) {
          const offset = (<usize>load<u16>(at)) << 8
          const last = v128.load8_splat(at, 2)
          const others = v128.load8_splat(at, 3)
          a = keep(a, row, offset, last, others)
          b = keep(b, row, offset + 16, last, others)
          c = keep(c, row, offset + 32, last, others)
          d = keep(d, row, offset + 48, last, others)
        }
        const here = i8x16.splat(<i8>first)
        const noneA = i8x16.eq(a, zero)
        const noneB = i8x16.eq(b, zero)
        const noneC = i8x16.eq(c, zero)
        const noneD = i8x16.eq(d, zero)
        byteA = v128.bitselect(byteA, a, noneA)
        byteB = v128.bitselect(byteB, b, noneB)
        byteC = v128.bitselect(byteC, c, noneC)
        byteD = v128.bitselect(byteD, d, noneD)
        leafA = v128.bitselect(leafA, here, noneA)
        leafB = v128.bitselect(leafB, here, noneB)
        leafC = v128.bitselect(leafC, here, noneC)
        leafD = v128.bitselect(leafD, here, noneD)
      }
      v128.store(leaf, i8x16.add(leafA, lowestBit(byteA)))
      v128.store(leaf, i8x16.add(leafB, lowestBit(byteB)), 16)
      v128.store(leaf, i8x16.add(leafC, lowestBit(byteC)), 32)
      v128.store(leaf, i8x16.add(leafD, lowestBit(byteD)), 48)
      const score = scores + ((<usize>r) << 3)
      addValues(leaf, values, score)
      addValues(leaf + 16, values, score + 128)
      addValues(leaf + 32, values, score + 256)
      addValues(leaf + 48, values, score + 384)
    }
    program = at
  }
}

// Adds all trees to the scores of the strips from `from` on, `to` not among them; `scratch` is the thread's own. A job in
// words of 32 bits: columns, rows, trees; addresses of the rows (doubles), scores, cuts, grids, values; of the program, 0 where
// trees are walked; of nodes, roots and depths.
export function scoreStrips(job: usize, from: i32, to: i32, scratch: usize, _range: i32): void {
  const columns = load<i32>(job)
  const trees = load<i32>(job, 8)
  const program = <usize>load<u32>(job, 32)
  const bins = scratch + 64
  for (let strip = from; strip < to; strip++) {
    const first = strip << 8
    const left = load<i32>(job, 4) - first
    const rows = left < 256 ? left : 256
    const input = <usize>load<u32>(job, 12) + (((<usize>first) * (<usize>columns)) << 3)
    const scores = <usize>load<u32>(job, 16) + ((<usize>first) << 3)
    toBins(input, columns, rows, load<u32>(job, 20), load<u32>(job, 24), bins)
    if (program != 0) sieveTrees(bins, rows, program, trees, scratch, scores)
    else {
      const values = <usize>load<u32>(job, 28)
      const nodes = <usize>load<u32>(job, 36)
      walkTrees(bins, rows, nodes, values, load<u32>(job, 40), load<u32>(job, 44), trees, scores)
    }
  }
}

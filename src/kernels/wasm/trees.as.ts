// Scores of rows by many trees in AssemblyScript; `models/trees/tree-ensemble.ts` gives the same numbers in TypeScript. All
// pointers are byte addresses in the imported memory; the caller lays them out (`tree-scorer.ts`).

// One bin a value: 0 for NaN, else 1 + the cuts below it. `cuts`: 256 doubles a column, ascending, filled up with infinity.
export function toBins(values: usize, columns: i32, rows: i32, cuts: usize, bins: usize): void {
  for (let r: i32 = 0; r < rows; r++) {
    let cut = cuts
    for (let j: i32 = 0; j < columns; j++) {
      const x = load<f64>(values)
      let at = cut
      for (let step: usize = 1024; step >= 8; step >>= 1) {
        at = select(at + step, at, load<f64>(at + step - 8) < x)
      }
      const bin = <i32>((at - cut) >> 3) + 1
      store<u8>(bins, select(0, bin, x != x))
      values += 8
      bins += 1
      cut += 2048
    }
  }
}

// @ts-ignore: decorator
@inline
function next(nodes: usize, at: i32, row: usize): i32 {
  const node = load<u64>(nodes + ((<usize>at) << 3))
  const bin = <i32>load<u8>(row + <usize>(node & 0xffff))
  const shifted = (bin - <i32>((node >> 16) & 255)) & 255
  return <i32>(node >> 32) + <i32>(shifted > <i32>((node >> 24) & 255))
}

// Adds the value of every tree's leaf to each score, tree after tree. A node is column (16 bits), what is taken off the
// bin (8), the last bin that goes left (8), first child (32); a leaf is its own first child and lets every bin go left, so
// that all rows of a tree take as many steps. Four rows walk side by side: none waits for another's memory.
export function addTrees(
  bins: usize,
  columns: i32,
  rows: i32,
  nodes: usize,
  values: usize,
  roots: usize,
  depths: usize,
  trees: i32,
  scores: usize,
): void {
  const width = <usize>columns
  for (let t: i32 = 0; t < trees; t++) {
    const root = load<i32>(roots + ((<usize>t) << 2))
    const depth = load<i32>(depths + ((<usize>t) << 2))
    let row = bins
    let score = scores
    let r: i32 = 0
    for (; r + 4 <= rows; r += 4) {
      let a = root
      let b = root
      let c = root
      let d = root
      for (let step: i32 = 0; step < depth; step++) {
        a = next(nodes, a, row)
        b = next(nodes, b, row + width)
        c = next(nodes, c, row + 2 * width)
        d = next(nodes, d, row + 3 * width)
      }
      store<f64>(score, load<f64>(score) + load<f64>(values + ((<usize>a) << 3)))
      store<f64>(score, load<f64>(score, 8) + load<f64>(values + ((<usize>b) << 3)), 8)
      store<f64>(score, load<f64>(score, 16) + load<f64>(values + ((<usize>c) << 3)), 16)
      store<f64>(score, load<f64>(score, 24) + load<f64>(values + ((<usize>d) << 3)), 24)
      row += 4 * width
      score += 32
    }
    for (; r < rows; r++) {
      let a = root
      for (let step: i32 = 0; step < depth; step++) a = next(nodes, a, row)
      store<f64>(score, load<f64>(score) + load<f64>(values + ((<usize>a) << 3)))
      row += width
      score += 8
    }
  }
}

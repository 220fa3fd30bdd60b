// The inner loops of GradientHistograms in AssemblyScript with 128-bit SIMD; `histograms-reference.ts` gives the same
// numbers in TypeScript: all sums are of whole numbers, so their order is free. A cell is two i64: the gradient, and the
// hessian times 2^shift plus the count of rows. All pointers are byte addresses in the imported memory; the caller lays
// them out (`histograms-wasm.ts`). No memory is allocated here.

export function quantize(
  gradients: usize,
  hessians: usize,
  pairs: usize,
  rows: i32,
  gradientScale: f64,
  hessianScale: f64,
  shift: i32,
): void {
  for (let r: i32 = 0; r < rows; r++) {
    const g = <i64>Math.round(load<f64>(gradients) * gradientScale)
    const h = <i64>Math.round(load<f64>(hessians) * hessianScale)
    store<i64>(pairs, g)
    store<i64>(pairs, (h << (<i64>shift)) | 1, 8)
    gradients += 8
    hessians += 8
    pairs += 16
  }
}

// @ts-ignore: decorator
@inline
function bump(cells: usize, offset: usize, bin: usize, pair: v128): void {
  const cell = cells + offset + (bin << 4)
  v128.store(cell, i64x2.add(v128.load(cell), pair))
}

// Cells of each column begin at `cells` + the column's byte offset.
export function addRows(
  bins: usize,
  columns: i32,
  offsets: usize,
  pairs: usize,
  order: usize,
  count: i32,
  cells: usize,
): void {
  const whole = columns & ~3
  const end = order + ((<usize>count) << 2)
  while (order < end) {
    const row = <usize>load<i32>(order)
    order += 4
    const pair = v128.load(pairs + (row << 4))
    let bin = bins + row * <usize>columns
    let offset = offsets
    let j: i32 = 0
    for (; j < whole; j += 4) {
      const four = load<u32>(bin)
      bump(cells, <usize>load<u32>(offset), <usize>(four & 255), pair)
      bump(cells, <usize>load<u32>(offset, 4), <usize>((four >> 8) & 255), pair)
      bump(cells, <usize>load<u32>(offset, 8), <usize>((four >> 16) & 255), pair)
      bump(cells, <usize>load<u32>(offset, 12), <usize>(four >> 24), pair)
      bin += 4
      offset += 16
    }
    for (; j < columns; j++) {
      bump(cells, <usize>load<u32>(offset), <usize>load<u8>(bin), pair)
      bin += 1
      offset += 4
    }
  }
}

// out = parent − child, cell by cell; `out` may be `parent`.
export function subtract(parent: usize, child: usize, out: usize, cells: i32): void {
  for (let i: i32 = 0; i < cells; i++) {
    v128.store(out, i64x2.sub(v128.load(parent), v128.load(child)))
    parent += 16
    child += 16
    out += 16
  }
}

// Three doubles for each cell: gradient, hessian, count.
export function read(cell: usize, out: usize, cells: i32, shift: i32): void {
  const mask = ((<i64>1) << (<i64>shift)) - 1
  for (let i: i32 = 0; i < cells; i++) {
    const packed = load<i64>(cell, 8)
    store<f64>(out, <f64>load<i64>(cell))
    store<f64>(out, <f64>(packed >> (<i64>shift)), 8)
    store<f64>(out, <f64>(packed & mask), 16)
    cell += 16
    out += 24
  }
}

// Keeps the order within both sides. `isLeft`: one byte for each bin. Returns how many rows went left.
export function partition(
  bins: usize,
  columns: i32,
  column: i32,
  isLeft: usize,
  order: usize,
  count: i32,
  scratch: usize,
): i32 {
  let left = order
  let right = scratch
  let at = order
  const end = order + ((<usize>count) << 2)
  const base = bins + <usize>column
  while (at < end) {
    const row = load<i32>(at)
    const goesLeft = <usize>load<u8>(isLeft + <usize>load<u8>(base + (<usize>row) * (<usize>columns)))
    store<i32>(left, row)
    store<i32>(right, row)
    left += goesLeft << 2
    right += (1 - goesLeft) << 2
    at += 4
  }
  memory.copy(left, scratch, right - scratch)
  return <i32>((left - order) >> 2)
}

// @ts-ignore: decorator
@inline
function score(gradient: f64, hessian: f64, g: f64, h: f64, lambda: f64): f64 {
  const left = hessian + lambda
  const right = h + lambda
  const quotients = f64x2.div(
    f64x2.replace_lane(f64x2.splat(gradient * gradient), 1, g * g),
    f64x2.replace_lane(f64x2.splat(left), 1, right),
  )
  const a = left > 0 ? f64x2.extract_lane(quotients, 0) : 0
  const b = right > 0 ? f64x2.extract_lane(quotients, 1) : 0
  return a + b
}

// Writes score, bin, missing left (0 or 1), gradient, hessian and rows of the left side, six doubles, when some cut of
// the column beats `least`; returns whether it did. `cell`: the first cell of the column.
export function bestCut(
  cell: usize,
  bins: i32,
  shift: i32,
  gradient: f64,
  hessian: f64,
  rows: f64,
  lambda: f64,
  minRows: f64,
  minHessian: f64,
  least: f64,
  out: usize,
): i32 {
  const mask = ((<i64>1) << (<i64>shift)) - 1
  const missingPacked = load<i64>(cell, 8)
  const missingGradient = <f64>load<i64>(cell)
  const missingHessian = <f64>(missingPacked >> (<i64>shift))
  const missingRows = <f64>(missingPacked & mask)
  let sum: i64 = 0
  let packedSum: i64 = 0
  let found: i32 = 0
  for (let bin: i32 = 1; bin < bins; bin++) {
    cell += 16
    const packed = load<i64>(cell, 8)
    if ((packed & mask) == 0) continue
    sum += load<i64>(cell)
    packedSum += packed
    let g = <f64>sum
    let h = <f64>(packedSum >> (<i64>shift))
    let count = <f64>(packedSum & mask)
    for (let isLeft: i32 = 0; isLeft < 2; isLeft++) {
      if (count >= minRows && rows - count >= minRows && h >= minHessian && hessian - h >= minHessian) {
        const value = score(g, h, gradient - g, hessian - h, lambda)
        if (value > least) {
          least = value
          found = 1
          store<f64>(out, value)
          store<f64>(out, <f64>bin, 8)
          store<f64>(out, <f64>isLeft, 16)
          store<f64>(out, g, 24)
          store<f64>(out, h, 32)
          store<f64>(out, count, 40)
        }
      }
      if (missingRows == 0) break
      g += missingGradient
      h += missingHessian
      count += missingRows
    }
  }
  return found
}

// The exact solution per row of (diag(λ) + penalty I + Σ a y yᵀ) x = Σ b y: by a matrix of d × d, or for a row of n < d entries
// by one of n × n. With C = diag(λ) + penalty I and S the n rows √a y C^−½,
//
//   x = C^−½ Sᵀ (I + S Sᵀ)⁻¹ (b / √a)      (push-through identity)
import {
  A_SCALE, A_SHIFT, at, B_SCALE, B_SHIFT, COLUMN, D, PENALTY, rowOf, SOURCE, SPECTRUM, START, TARGET, VALUE, WEIGHT,
} from './job.as'
import { panelRows } from './basis.as'
import { addSquare, factor, substitute, sum4 } from './tiles.as'

// Below this a square root cannot be divided by.
const LEAST_WEIGHT: f32 = 1e-6

// Four rows, each times its root, one after the other to `panel`; x += their sum, each times its target.
// @ts-ignore: decorator
@inline function gather4(
  r0: usize, r1: usize, r2: usize, r3: usize, roots: usize, targets: usize, panel: usize, x: usize, bytes: usize,
): void {
  const a0 = v128.load32_splat(roots)
  const a1 = v128.load32_splat(roots, 4)
  const a2 = v128.load32_splat(roots, 8)
  const a3 = v128.load32_splat(roots, 12)
  const b0 = v128.load32_splat(targets)
  const b1 = v128.load32_splat(targets, 4)
  const b2 = v128.load32_splat(targets, 8)
  const b3 = v128.load32_splat(targets, 12)
  const p1 = panel + bytes
  const p2 = p1 + bytes
  const p3 = p2 + bytes
  for (let o: usize = 0; o < bytes; o += 16) {
    let y = v128.load(r0 + o)
    v128.store(panel + o, f32x4.mul(a0, y))
    let even = f32x4.add(v128.load(x + o), f32x4.mul(b0, y))
    y = v128.load(r1 + o)
    v128.store(p1 + o, f32x4.mul(a1, y))
    let odd = f32x4.mul(b1, y)
    y = v128.load(r2 + o)
    v128.store(p2 + o, f32x4.mul(a2, y))
    even = f32x4.add(even, f32x4.mul(b2, y))
    y = v128.load(r3 + o)
    v128.store(p3 + o, f32x4.mul(a3, y))
    odd = f32x4.add(odd, f32x4.mul(b3, y))
    v128.store(x + o, f32x4.add(even, odd))
  }
}

// Columns e to e + 3 of the d × n matrix at `matrix`: four rows, each times its root and the vector `roots`.
// @ts-ignore: decorator
@inline function gatherTransposed(
  r0: usize, r1: usize, r2: usize, r3: usize, weights: usize, roots: usize, matrix: usize, stride: usize, bytes: usize,
): void {
  const a0 = v128.load32_splat(weights)
  const a1 = v128.load32_splat(weights, 4)
  const a2 = v128.load32_splat(weights, 8)
  const a3 = v128.load32_splat(weights, 12)
  for (let o: usize = 0; o < bytes; o += 16) {
    const c = v128.load(roots + o)
    const y0 = f32x4.mul(f32x4.mul(v128.load(r0 + o), c), a0)
    const y1 = f32x4.mul(f32x4.mul(v128.load(r1 + o), c), a1)
    const y2 = f32x4.mul(f32x4.mul(v128.load(r2 + o), c), a2)
    const y3 = f32x4.mul(f32x4.mul(v128.load(r3 + o), c), a3)
    const l01 = i8x16.shuffle(y0, y1, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23)
    const h01 = i8x16.shuffle(y0, y1, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31)
    const l23 = i8x16.shuffle(y2, y3, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23)
    const h23 = i8x16.shuffle(y2, y3, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31)
    v128.store(matrix, i8x16.shuffle(l01, l23, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23))
    matrix += stride
    v128.store(matrix, i8x16.shuffle(l01, l23, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31))
    matrix += stride
    v128.store(matrix, i8x16.shuffle(h01, h23, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23))
    matrix += stride
    v128.store(matrix, i8x16.shuffle(h01, h23, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31))
    matrix += stride
  }
}

// Weights of up to `padded` entries from `first` on: √a at `roots`, b at `targets`, 0 from `count` on. The least a.
function weigh(job: usize, first: u32, count: u32, padded: u32, roots: usize, targets: usize): f32 {
  const value = at(job, VALUE)
  const weight = at(job, WEIGHT)
  const aScale = load<f32>(job + A_SCALE)
  const aShift = load<f32>(job + A_SHIFT)
  const bScale = load<f32>(job + B_SCALE)
  const bShift = load<f32>(job + B_SHIFT)
  let least: f32 = Infinity
  for (let e: u32 = 0; e < padded; e++) {
    const place = (<usize>e) << 2
    if (e >= count) {
      store<f32>(roots + place, 0)
      store<f32>(targets + place, 0)
      continue
    }
    const v = load<f32>(value + ((<usize>(first + e)) << 2))
    const w: f32 = weight == 0 ? 1 : load<f32>(weight + ((<usize>(first + e)) << 2))
    const a: f32 = (v * aScale + aShift) * w
    if (a < least) least = a
    store<f32>(roots + place, <f32>Math.sqrt(a))
    store<f32>(targets + place, (v * bScale + bShift) * w)
  }
  return least
}

// @ts-ignore: decorator
@inline function rowOrZeros(table: usize, column: usize, e: u32, end: u32, bytes: usize, zeros: usize): usize {
  return e < end ? rowOf(table, column, e, bytes) : zeros
}

// Scratch: a matrix, a panel or a second matrix (d × d each), three vectors of d, weights of a panel.
export function solveByCholesky(job: usize, from: i32, to: i32, scratch: usize, chunk: i32): void {
  const d = load<i32>(job + D)
  const bytes = (<usize>d) << 2
  const start = at(job, START)
  const penalties = at(job, PENALTY)
  for (let u: i32 = from; u < to; u++) {
    const x = at(job, TARGET) + (<usize>u) * bytes
    const first = load<u32>(start + ((<usize>u) << 2))
    const count = load<u32>(start + ((<usize>u) << 2), 4) - first
    memory.fill(x, 0, bytes)
    if (count == 0) continue
    const penalty = load<f32>(penalties + ((<usize>u) << 2))
    const padded = (count + 7) & ~7
    if (padded < <u32>d && solveSmall(job, first, count, padded, penalty, x, scratch)) continue
    if (!solveLarge(job, first, count, penalty, x, scratch)) memory.fill(x, 0, bytes)
  }
}

function solveLarge(job: usize, first: u32, count: u32, penalty: f32, x: usize, scratch: usize): bool {
  const d = load<i32>(job + D)
  const bytes = (<usize>d) << 2
  const column = at(job, COLUMN)
  const source = at(job, SOURCE)
  const spectrum = at(job, SPECTRUM)
  const matrix = scratch
  const zeros = matrix + bytes * (<usize>d)
  const perPanel = <u32>panelRows(bytes)
  const roots = zeros + bytes
  const targets = roots + ((<usize>perPanel) << 2)
  const panel = targets + ((<usize>perPanel) << 2)
  memory.fill(zeros, 0, bytes)
  memory.fill(matrix, 0, bytes * (<usize>d))
  for (let i: usize = 0; i < bytes; i += 4) store<f32>(matrix + i * (<usize>d) + i, load<f32>(spectrum + i) + penalty)
  const end = first + count
  for (let e = first; e < end; e += perPanel) {
    const filled = end - e < perPanel ? end - e : perPanel
    const padded = (filled + 3) & ~3
    weigh(job, e, filled, padded, roots, targets)
    for (let k: u32 = 0; k < padded; k += 4) {
      const w = (<usize>k) << 2
      gather4(
        rowOrZeros(source, column, e + k, end, bytes, zeros),
        rowOrZeros(source, column, e + k + 1, end, bytes, zeros),
        rowOrZeros(source, column, e + k + 2, end, bytes, zeros),
        rowOrZeros(source, column, e + k + 3, end, bytes, zeros),
        roots + w, targets + w, panel + (<usize>k) * bytes, x, bytes,
      )
    }
    addSquare(panel, filled, bytes, matrix)
  }
  if (!factor(matrix, d)) return false
  substitute(matrix, d, x)
  return true
}

// False where the identity cannot be used; x is then as it was.
function solveSmall(job: usize, first: u32, count: u32, padded: u32, penalty: f32, x: usize, scratch: usize): bool {
  const d = load<i32>(job + D)
  const bytes = (<usize>d) << 2
  const column = at(job, COLUMN)
  const source = at(job, SOURCE)
  const spectrum = at(job, SPECTRUM)
  const side = (<usize>padded) << 2
  const matrix = scratch
  const zeros = matrix + bytes * (<usize>d)
  const roots = zeros + bytes
  const weights = roots + bytes
  const right = weights + side
  const rows = right + side
  const least = weigh(job, first, count, padded, weights, right)
  if (!(least >= LEAST_WEIGHT)) return false
  for (let i: usize = 0; i < bytes; i += 4) {
    const c: f32 = load<f32>(spectrum + i) + penalty
    if (!(c > 0)) return false
    store<f32>(roots + i, <f32>1 / <f32>Math.sqrt(c))
  }
  memory.fill(zeros, 0, bytes)
  const end = first + count
  for (let e: u32 = 0; e < padded; e += 4) {
    const w = (<usize>e) << 2
    gatherTransposed(
      rowOrZeros(source, column, first + e, end, bytes, zeros),
      rowOrZeros(source, column, first + e + 1, end, bytes, zeros),
      rowOrZeros(source, column, first + e + 2, end, bytes, zeros),
      rowOrZeros(source, column, first + e + 3, end, bytes, zeros),
      weights + w, roots, rows + w, side, bytes,
    )
  }
  for (let e: u32 = 0; e < count; e++) {
    const w = (<usize>e) << 2
    store<f32>(right + w, load<f32>(right + w) / load<f32>(weights + w))
  }
  memory.fill(matrix, 0, side * (<usize>padded))
  for (let i: usize = 0; i < side; i += 4) store<f32>(matrix + i * (<usize>padded) + i, 1)
  addSquare(rows, d, side, matrix)
  if (!factor(matrix, padded)) return false
  substitute(matrix, padded, right)
  for (let o: usize = 0; o < bytes; o += 16) {
    const t0 = rows + o * (<usize>padded)
    const t1 = t0 + side
    const t2 = t1 + side
    const t3 = t2 + side
    let s0 = f32x4.splat(0)
    let s1 = f32x4.splat(0)
    let s2 = f32x4.splat(0)
    let s3 = f32x4.splat(0)
    for (let e: usize = 0; e < side; e += 16) {
      const c = v128.load(right + e)
      s0 = f32x4.add(s0, f32x4.mul(c, v128.load(t0 + e)))
      s1 = f32x4.add(s1, f32x4.mul(c, v128.load(t1 + e)))
      s2 = f32x4.add(s2, f32x4.mul(c, v128.load(t2 + e)))
      s3 = f32x4.add(s3, f32x4.mul(c, v128.load(t3 + e)))
    }
    v128.store(x + o, f32x4.mul(v128.load(roots + o), sum4(s0, s1, s2, s3)))
  }
  return true
}

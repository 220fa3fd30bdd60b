// Alternating least squares in AssemblyScript with 128-bit SIMD and single precision; `als/als-reference.ts` is the same
// mathematics in plain TypeScript. Many threads call these functions on one shared memory, each for ranges of rows of its
// own and with a scratch of its own, so nothing here is locked. What a job points to is laid out by `als/als-memory.ts`.
//
// d is the stride of a row of factors: a multiple of 8, the unused tail is zero and stays zero.

// The fields of a job, byte offsets.
const D: usize = 0 // i32
const STEPS: usize = 4 // i32, conjugate gradient steps
const START: usize = 8 // *u32, rows + 1 offsets into the entries
const COLUMN: usize = 12 // *i32, per entry
const VALUE: usize = 16 // *f32, per entry
const TARGET: usize = 20 // *f32, rows × d: what is solved for
const SOURCE: usize = 24 // *f32, columns × d: what is fixed
const GRAM: usize = 28 // *f32, d × d, symmetric
const PENALTY: usize = 32 // *f32, per row
// Of an entry of value v: weight of its square v · A_SCALE + A_SHIFT, of its target v · B_SCALE + B_SHIFT.
const A_SCALE: usize = 36
const A_SHIFT: usize = 40
const B_SCALE: usize = 44
const B_SHIFT: usize = 48
const PART: usize = 52 // *f32, d × d per chunk of rows: partial gram matrices

// @ts-ignore: decorator
@inline function at(job: usize, field: usize): usize {
  return <usize>load<u32>(job + field)
}

// @ts-ignore: decorator
@inline function sum4(a: v128, b: v128, c: v128, e: v128): v128 {
  // Lane k is the sum of the lanes of argument k.
  const ab0 = i8x16.shuffle(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23)
  const ab1 = i8x16.shuffle(a, b, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31)
  const ce0 = i8x16.shuffle(c, e, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23)
  const ce1 = i8x16.shuffle(c, e, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31)
  const ab = f32x4.add(ab0, ab1) // a02 b02 a13 b13
  const ce = f32x4.add(ce0, ce1)
  const low = i8x16.shuffle(ab, ce, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23)
  const high = i8x16.shuffle(ab, ce, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31)
  return f32x4.add(low, high)
}

function dot(a: usize, b: usize, bytes: usize): f32 {
  let s0 = f32x4.splat(0)
  let s1 = f32x4.splat(0)
  for (let o: usize = 0; o < bytes; o += 32) {
    s0 = f32x4.add(s0, f32x4.mul(v128.load(a + o), v128.load(b + o)))
    s1 = f32x4.add(s1, f32x4.mul(v128.load(a + o, 16), v128.load(b + o, 16)))
  }
  const s = f32x4.add(s0, s1)
  return f32x4.extract_lane(s, 0) + f32x4.extract_lane(s, 1) + (f32x4.extract_lane(s, 2) + f32x4.extract_lane(s, 3))
}

// out = G p + penalty p, G symmetric: sums of rows of G, 32 columns at a time in registers.
function multiplyGram(gram: usize, p: usize, out: usize, bytes: usize, penalty: f32): void {
  const l = f32x4.splat(penalty)
  let block: usize = 0
  for (; block + 128 <= bytes; block += 128) {
    let a0 = f32x4.mul(l, v128.load(p + block))
    let a1 = f32x4.mul(l, v128.load(p + block, 16))
    let a2 = f32x4.mul(l, v128.load(p + block, 32))
    let a3 = f32x4.mul(l, v128.load(p + block, 48))
    let a4 = f32x4.mul(l, v128.load(p + block, 64))
    let a5 = f32x4.mul(l, v128.load(p + block, 80))
    let a6 = f32x4.mul(l, v128.load(p + block, 96))
    let a7 = f32x4.mul(l, v128.load(p + block, 112))
    let row = gram + block
    for (let j: usize = 0; j < bytes; j += 4) {
      const s = v128.load32_splat(p + j)
      a0 = f32x4.add(a0, f32x4.mul(s, v128.load(row)))
      a1 = f32x4.add(a1, f32x4.mul(s, v128.load(row, 16)))
      a2 = f32x4.add(a2, f32x4.mul(s, v128.load(row, 32)))
      a3 = f32x4.add(a3, f32x4.mul(s, v128.load(row, 48)))
      a4 = f32x4.add(a4, f32x4.mul(s, v128.load(row, 64)))
      a5 = f32x4.add(a5, f32x4.mul(s, v128.load(row, 80)))
      a6 = f32x4.add(a6, f32x4.mul(s, v128.load(row, 96)))
      a7 = f32x4.add(a7, f32x4.mul(s, v128.load(row, 112)))
      row += bytes
    }
    v128.store(out + block, a0)
    v128.store(out + block, a1, 16)
    v128.store(out + block, a2, 32)
    v128.store(out + block, a3, 48)
    v128.store(out + block, a4, 64)
    v128.store(out + block, a5, 80)
    v128.store(out + block, a6, 96)
    v128.store(out + block, a7, 112)
  }
  for (; block < bytes; block += 32) {
    let a0 = f32x4.mul(l, v128.load(p + block))
    let a1 = f32x4.mul(l, v128.load(p + block, 16))
    let row = gram + block
    for (let j: usize = 0; j < bytes; j += 4) {
      const s = v128.load32_splat(p + j)
      a0 = f32x4.add(a0, f32x4.mul(s, v128.load(row)))
      a1 = f32x4.add(a1, f32x4.mul(s, v128.load(row, 16)))
      row += bytes
    }
    v128.store(out + block, a0)
    v128.store(out + block, a1, 16)
  }
}

// out += Σ over 8 rows of weight · row, where weight = b − a (row · p). `rows` are 8 addresses, a and b two vectors each.
// @ts-ignore: decorator
@inline function pass8(rows: usize, p: usize, out: usize, bytes: usize, a: usize, b: usize): void {
  const r0 = <usize>load<u32>(rows)
  const r1 = <usize>load<u32>(rows, 4)
  const r2 = <usize>load<u32>(rows, 8)
  const r3 = <usize>load<u32>(rows, 12)
  const r4 = <usize>load<u32>(rows, 16)
  const r5 = <usize>load<u32>(rows, 20)
  const r6 = <usize>load<u32>(rows, 24)
  const r7 = <usize>load<u32>(rows, 28)
  let s0 = f32x4.splat(0)
  let s1 = f32x4.splat(0)
  let s2 = f32x4.splat(0)
  let s3 = f32x4.splat(0)
  let s4 = f32x4.splat(0)
  let s5 = f32x4.splat(0)
  let s6 = f32x4.splat(0)
  let s7 = f32x4.splat(0)
  for (let o: usize = 0; o < bytes; o += 16) {
    const v = v128.load(p + o)
    s0 = f32x4.add(s0, f32x4.mul(v, v128.load(r0 + o)))
    s1 = f32x4.add(s1, f32x4.mul(v, v128.load(r1 + o)))
    s2 = f32x4.add(s2, f32x4.mul(v, v128.load(r2 + o)))
    s3 = f32x4.add(s3, f32x4.mul(v, v128.load(r3 + o)))
    s4 = f32x4.add(s4, f32x4.mul(v, v128.load(r4 + o)))
    s5 = f32x4.add(s5, f32x4.mul(v, v128.load(r5 + o)))
    s6 = f32x4.add(s6, f32x4.mul(v, v128.load(r6 + o)))
    s7 = f32x4.add(s7, f32x4.mul(v, v128.load(r7 + o)))
  }
  const low = f32x4.sub(v128.load(b), f32x4.mul(v128.load(a), sum4(s0, s1, s2, s3)))
  const high = f32x4.sub(v128.load(b, 16), f32x4.mul(v128.load(a, 16), sum4(s4, s5, s6, s7)))
  const w0 = f32x4.splat(f32x4.extract_lane(low, 0))
  const w1 = f32x4.splat(f32x4.extract_lane(low, 1))
  const w2 = f32x4.splat(f32x4.extract_lane(low, 2))
  const w3 = f32x4.splat(f32x4.extract_lane(low, 3))
  const w4 = f32x4.splat(f32x4.extract_lane(high, 0))
  const w5 = f32x4.splat(f32x4.extract_lane(high, 1))
  const w6 = f32x4.splat(f32x4.extract_lane(high, 2))
  const w7 = f32x4.splat(f32x4.extract_lane(high, 3))
  for (let o: usize = 0; o < bytes; o += 16) {
    const left = f32x4.add(
      f32x4.add(f32x4.mul(w0, v128.load(r0 + o)), f32x4.mul(w1, v128.load(r1 + o))),
      f32x4.add(f32x4.mul(w2, v128.load(r2 + o)), f32x4.mul(w3, v128.load(r3 + o))),
    )
    const right = f32x4.add(
      f32x4.add(f32x4.mul(w4, v128.load(r4 + o)), f32x4.mul(w5, v128.load(r5 + o))),
      f32x4.add(f32x4.mul(w6, v128.load(r6 + o)), f32x4.mul(w7, v128.load(r7 + o))),
    )
    v128.store(out + o, f32x4.add(v128.load(out + o), f32x4.add(left, right)))
  }
}

// Rows of a system up to this size are copied side by side first: every later pass then reads memory in order.
const COPY_BYTES: usize = 8388608

// Scratch of a thread for conjugate gradients: r, p, Ap (d each), a row of zeros, then per entry: address, a, b.
// Lists are filled up to a multiple of 8 with entries of weight 0 on the row of zeros.
export function solveByGradient(job: usize, from: i32, to: i32, scratch: usize, chunk: i32): void {
  const bytes = (<usize>load<i32>(job + D)) << 2
  const steps = load<i32>(job + STEPS)
  const start = at(job, START)
  const column = at(job, COLUMN)
  const value = at(job, VALUE)
  const source = at(job, SOURCE)
  const gram = at(job, GRAM)
  const penalties = at(job, PENALTY)
  const aScale = f32x4.splat(load<f32>(job + A_SCALE))
  const aShift = f32x4.splat(load<f32>(job + A_SHIFT))
  const bScale = f32x4.splat(load<f32>(job + B_SCALE))
  const bShift = f32x4.splat(load<f32>(job + B_SHIFT))
  const r = scratch
  const p = r + bytes
  const ap = p + bytes
  const zeros = ap + bytes
  const lists = zeros + bytes
  const none = f32x4.splat(0)
  memory.fill(zeros, 0, bytes)
  for (let u: i32 = from; u < to; u++) {
    const x = at(job, TARGET) + (<usize>u) * bytes
    const first = load<u32>(start + ((<usize>u) << 2))
    const count = load<u32>(start + ((<usize>u) << 2), 4) - first
    if (count == 0) {
      memory.fill(x, 0, bytes)
      continue
    }
    const penalty = load<f32>(penalties + ((<usize>u) << 2))
    const padded = (count + 7) & ~7
    const rows = lists
    const as = rows + ((<usize>padded) << 2)
    const bs = as + ((<usize>padded) << 2)
    const copies = bs + ((<usize>padded) << 2)
    const copied = (<usize>count) * bytes <= COPY_BYTES
    for (let e: u32 = 0; e < count; e++) {
      const row = source + (<usize>load<i32>(column + ((<usize>(first + e)) << 2))) * bytes
      let place = row
      if (copied) {
        place = copies + (<usize>e) * bytes
        for (let o: usize = 0; o < bytes; o += 32) {
          v128.store(place + o, v128.load(row + o))
          v128.store(place + o, v128.load(row + o, 16), 16)
        }
      }
      store<u32>(rows + ((<usize>e) << 2), <u32>place)
    }
    // May read past the end of the values by up to 7 (the memory goes on); the weights of what follows are cleared below.
    for (let e: u32 = 0; e < padded; e += 4) {
      const v = v128.load(value + ((<usize>(first + e)) << 2))
      v128.store(as + ((<usize>e) << 2), f32x4.add(f32x4.mul(v, aScale), aShift))
      v128.store(bs + ((<usize>e) << 2), f32x4.add(f32x4.mul(v, bScale), bShift))
    }
    for (let e = count; e < padded; e++) {
      store<u32>(rows + ((<usize>e) << 2), <u32>zeros)
      store<f32>(as + ((<usize>e) << 2), 0)
      store<f32>(bs + ((<usize>e) << 2), 0)
    }
    const end = (<usize>padded) << 2
    // r = b − A x
    multiplyGram(gram, x, r, bytes, penalty)
    for (let o: usize = 0; o < bytes; o += 16) v128.store(r + o, f32x4.neg(v128.load(r + o)))
    for (let e: usize = 0; e < end; e += 32) pass8(rows + e, x, r, bytes, as + e, bs + e)
    // From here on the target is 0 and a counts with the other sign: out += a (row · p) row.
    for (let e: usize = 0; e < end; e += 16) {
      v128.store(as + e, f32x4.neg(v128.load(as + e)))
      v128.store(bs + e, none)
    }
    memory.copy(p, r, bytes)
    let old = dot(r, r, bytes)
    for (let step: i32 = 0; step < steps; step++) {
      if (old < 1e-20) break
      multiplyGram(gram, p, ap, bytes, penalty)
      for (let e: usize = 0; e < end; e += 32) pass8(rows + e, p, ap, bytes, as + e, bs + e)
      const alpha = f32x4.splat(old / dot(p, ap, bytes))
      for (let o: usize = 0; o < bytes; o += 16) {
        v128.store(x + o, f32x4.add(v128.load(x + o), f32x4.mul(alpha, v128.load(p + o))))
        v128.store(r + o, f32x4.sub(v128.load(r + o), f32x4.mul(alpha, v128.load(ap + o))))
      }
      const now = dot(r, r, bytes)
      const beta = f32x4.splat(now / old)
      for (let o: usize = 0; o < bytes; o += 16) {
        v128.store(p + o, f32x4.add(v128.load(r + o), f32x4.mul(beta, v128.load(p + o))))
      }
      old = now
    }
  }
}

// Four rows i and eight columns j of Σ_k a[k][i] b[k][j], added to (sign 1) or taken from (sign −1) c.
// @ts-ignore: decorator
@inline function tile(a: usize, b: usize, count: i32, stride: usize, c: usize, sign: f32): void {
  let c00 = f32x4.splat(0)
  let c01 = f32x4.splat(0)
  let c10 = f32x4.splat(0)
  let c11 = f32x4.splat(0)
  let c20 = f32x4.splat(0)
  let c21 = f32x4.splat(0)
  let c30 = f32x4.splat(0)
  let c31 = f32x4.splat(0)
  for (let k: i32 = 0; k < count; k++) {
    const b0 = v128.load(b)
    const b1 = v128.load(b, 16)
    const a0 = v128.load32_splat(a)
    c00 = f32x4.add(c00, f32x4.mul(a0, b0))
    c01 = f32x4.add(c01, f32x4.mul(a0, b1))
    const a1 = v128.load32_splat(a, 4)
    c10 = f32x4.add(c10, f32x4.mul(a1, b0))
    c11 = f32x4.add(c11, f32x4.mul(a1, b1))
    const a2 = v128.load32_splat(a, 8)
    c20 = f32x4.add(c20, f32x4.mul(a2, b0))
    c21 = f32x4.add(c21, f32x4.mul(a2, b1))
    const a3 = v128.load32_splat(a, 12)
    c30 = f32x4.add(c30, f32x4.mul(a3, b0))
    c31 = f32x4.add(c31, f32x4.mul(a3, b1))
    a += stride
    b += stride
  }
  const s = f32x4.splat(sign)
  v128.store(c, f32x4.add(v128.load(c), f32x4.mul(s, c00)))
  v128.store(c, f32x4.add(v128.load(c, 16), f32x4.mul(s, c01)), 16)
  c += stride
  v128.store(c, f32x4.add(v128.load(c), f32x4.mul(s, c10)))
  v128.store(c, f32x4.add(v128.load(c, 16), f32x4.mul(s, c11)), 16)
  c += stride
  v128.store(c, f32x4.add(v128.load(c), f32x4.mul(s, c20)))
  v128.store(c, f32x4.add(v128.load(c, 16), f32x4.mul(s, c21)), 16)
  c += stride
  v128.store(c, f32x4.add(v128.load(c), f32x4.mul(s, c30)))
  v128.store(c, f32x4.add(v128.load(c, 16), f32x4.mul(s, c31)), 16)
}

// Upper triangle of c += PᵀP, P count × d. Below the diagonal only the rest of a tile is written.
function addSquare(p: usize, count: i32, bytes: usize, c: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) {
    const row = c + (i >> 2) * bytes
    for (let j: usize = i & ~31; j < bytes; j += 32) tile(p + i, p + j, count, bytes, row + j, 1)
  }
}

// Rows gathered at once: they stay in the first-level cache (16 KiB).
// @ts-ignore: decorator
@inline function panelRows(bytes: usize): i32 {
  const fitting: usize = 16384 / bytes
  const rows = <i32>fitting
  return rows < 8 ? 8 : rows
}

// In place: upper triangle A → U with A = Uᵀ U, four rows at a time. False when A is not positive definite.
function factor(a: usize, d: i32): bool {
  const bytes = (<usize>d) << 2
  for (let i: i32 = 0; i < d; i += 4) {
    const block = a + (<usize>i) * bytes
    const offset = (<usize>i) << 2
    for (let j = offset & ~31; j < bytes; j += 32) tile(a + offset, a + j, i, bytes, block + j, -1)
    for (let r: i32 = 0; r < 4; r++) {
      const row = block + (<usize>r) * bytes
      for (let q: i32 = 0; q < r; q++) {
        const other = block + (<usize>q) * bytes
        const s = v128.load32_splat(other + offset + ((<usize>r) << 2))
        for (let j = offset; j < bytes; j += 16) {
          v128.store(row + j, f32x4.sub(v128.load(row + j), f32x4.mul(s, v128.load(other + j))))
        }
      }
      const pivot = load<f32>(row + offset + ((<usize>r) << 2))
      if (!(pivot > 0)) return false
      const s = f32x4.splat(<f32>1 / <f32>Math.sqrt(pivot))
      for (let j = offset; j < bytes; j += 16) v128.store(row + j, f32x4.mul(s, v128.load(row + j)))
    }
  }
  return true
}

// In place: b → x with Uᵀ U x = b.
function substitute(u: usize, d: i32, x: usize): void {
  const bytes = (<usize>d) << 2
  for (let k: i32 = 0; k < d; k++) {
    const row = u + (<usize>k) * bytes
    const at = (<usize>k) << 2
    const y = load<f32>(x + at) / load<f32>(row + at)
    // Entries of x before k, in the same vector, are final: only those after k may change.
    for (let j = at + 4; j & 15 && j < bytes; j += 4) store<f32>(x + j, load<f32>(x + j) - y * load<f32>(row + j))
    const s = f32x4.splat(y)
    for (let j = (at + 19) & ~15; j < bytes; j += 16) {
      v128.store(x + j, f32x4.sub(v128.load(x + j), f32x4.mul(s, v128.load(row + j))))
    }
    store<f32>(x + at, y)
  }
  for (let k = d - 1; k >= 0; k--) {
    const row = u + (<usize>k) * bytes
    const at = (<usize>k) << 2
    let sum = f32x4.splat(0)
    let rest: f32 = 0
    let j = at + 4
    for (; j & 15 && j < bytes; j += 4) rest += load<f32>(x + j) * load<f32>(row + j)
    for (; j < bytes; j += 16) sum = f32x4.add(sum, f32x4.mul(v128.load(x + j), v128.load(row + j)))
    rest += f32x4.extract_lane(sum, 0) + f32x4.extract_lane(sum, 1) + (f32x4.extract_lane(sum, 2) + f32x4.extract_lane(sum, 3))
    store<f32>(x + at, (load<f32>(x + at) - rest) / load<f32>(row + at))
  }
}

// Scratch of a thread for Cholesky: A (d × d), then the panel.
export function solveByCholesky(job: usize, from: i32, to: i32, scratch: usize, chunk: i32): void {
  const d = load<i32>(job + D)
  const bytes = (<usize>d) << 2
  const start = at(job, START)
  const column = at(job, COLUMN)
  const value = at(job, VALUE)
  const source = at(job, SOURCE)
  const gram = at(job, GRAM)
  const penalties = at(job, PENALTY)
  const aScale = load<f32>(job + A_SCALE)
  const aShift = load<f32>(job + A_SHIFT)
  const bScale = load<f32>(job + B_SCALE)
  const bShift = load<f32>(job + B_SHIFT)
  const a = scratch
  const panel = a + bytes * (<usize>d)
  const perPanel = panelRows(bytes)
  for (let u: i32 = from; u < to; u++) {
    const x = at(job, TARGET) + (<usize>u) * bytes
    let e = load<u32>(start + ((<usize>u) << 2))
    const end = load<u32>(start + ((<usize>u) << 2), 4)
    memory.fill(x, 0, bytes)
    if (e == end) continue
    const penalty = load<f32>(penalties + ((<usize>u) << 2))
    memory.copy(a, gram, bytes * (<usize>d))
    for (let i: i32 = 0; i < d; i++) {
      const diagonal = a + (<usize>i) * bytes + ((<usize>i) << 2)
      store<f32>(diagonal, load<f32>(diagonal) + penalty)
    }
    while (e < end) {
      const left = end - e
      const count = left < <u32>perPanel ? left : <u32>perPanel
      for (let k: u32 = 0; k < count; k++) {
        const place = (<usize>(e + k)) << 2
        const row = source + (<usize>load<i32>(column + place)) * bytes
        const v = load<f32>(value + place)
        const scale = f32x4.splat(<f32>Math.sqrt(v * aScale + aShift))
        const target = f32x4.splat(v * bScale + bShift)
        const to = panel + (<usize>k) * bytes
        for (let o: usize = 0; o < bytes; o += 16) {
          const y = v128.load(row + o)
          v128.store(to + o, f32x4.mul(scale, y))
          v128.store(x + o, f32x4.add(v128.load(x + o), f32x4.mul(target, y)))
        }
      }
      addSquare(panel, count, bytes, a)
      e += count
    }
    if (factor(a, d)) substitute(a, d, x)
    else memory.fill(x, 0, bytes)
  }
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

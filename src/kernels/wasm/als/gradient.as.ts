// A few steps of conjugate gradients per row, preconditioned by the diagonal λ + penalty of its system
// (diag(λ) + penalty I + Σ a y yᵀ) x = Σ b y.
import {
  A_SCALE, A_SHIFT, at, B_SCALE, B_SHIFT, COLUMN, D, PENALTY, rowOf, SOURCE, SPECTRUM, START, STEPS, TARGET, VALUE,
  WEIGHT,
} from './job.as'
import { dot, sum4 } from './tiles.as'

// Rows of a system up to this size are copied side by side: every later pass then reads memory in order.
const COPY_BYTES: usize = 8388608

// The sums of 8 rows as weights, b − a · sum, kept at `weights`.
// @ts-ignore: decorator
@inline function weigh(weights: usize, low: v128, high: v128, a: usize, b: usize): void {
  v128.store(weights, f32x4.sub(v128.load(b), f32x4.mul(v128.load(a), low)))
  v128.store(weights, f32x4.sub(v128.load(b, 16), f32x4.mul(v128.load(a, 16), high)), 16)
}

// Copies 8 rows, whose addresses are at `rows`, to `copy`, vectors of the 8 side by side, and multiplies them with p.
function gather8(rows: usize, copy: usize, p: usize, bytes: usize, weights: usize, a: usize, b: usize): void {
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
    const v0 = v128.load(r0 + o)
    v128.store(copy, v0)
    s0 = f32x4.add(s0, f32x4.mul(v, v0))
    const v1 = v128.load(r1 + o)
    v128.store(copy, v1, 16)
    s1 = f32x4.add(s1, f32x4.mul(v, v1))
    const v2 = v128.load(r2 + o)
    v128.store(copy, v2, 32)
    s2 = f32x4.add(s2, f32x4.mul(v, v2))
    const v3 = v128.load(r3 + o)
    v128.store(copy, v3, 48)
    s3 = f32x4.add(s3, f32x4.mul(v, v3))
    const v4 = v128.load(r4 + o)
    v128.store(copy, v4, 64)
    s4 = f32x4.add(s4, f32x4.mul(v, v4))
    const v5 = v128.load(r5 + o)
    v128.store(copy, v5, 80)
    s5 = f32x4.add(s5, f32x4.mul(v, v5))
    const v6 = v128.load(r6 + o)
    v128.store(copy, v6, 96)
    s6 = f32x4.add(s6, f32x4.mul(v, v6))
    const v7 = v128.load(r7 + o)
    v128.store(copy, v7, 112)
    s7 = f32x4.add(s7, f32x4.mul(v, v7))
    copy += 128
  }
  weigh(weights, sum4(s0, s1, s2, s3), sum4(s4, s5, s6, s7), a, b)
}

// The products of p with 8 rows that lie side by side.
function multiply8(copy: usize, p: usize, bytes: usize, weights: usize, a: usize, b: usize): void {
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
    s0 = f32x4.add(s0, f32x4.mul(v, v128.load(copy)))
    s1 = f32x4.add(s1, f32x4.mul(v, v128.load(copy, 16)))
    s2 = f32x4.add(s2, f32x4.mul(v, v128.load(copy, 32)))
    s3 = f32x4.add(s3, f32x4.mul(v, v128.load(copy, 48)))
    s4 = f32x4.add(s4, f32x4.mul(v, v128.load(copy, 64)))
    s5 = f32x4.add(s5, f32x4.mul(v, v128.load(copy, 80)))
    s6 = f32x4.add(s6, f32x4.mul(v, v128.load(copy, 96)))
    s7 = f32x4.add(s7, f32x4.mul(v, v128.load(copy, 112)))
    copy += 128
  }
  weigh(weights, sum4(s0, s1, s2, s3), sum4(s4, s5, s6, s7), a, b)
}

// out += the sum of 8 rows side by side, each times its weight.
function add8(copy: usize, weights: usize, out: usize, bytes: usize): void {
  const w0 = v128.load32_splat(weights)
  const w1 = v128.load32_splat(weights, 4)
  const w2 = v128.load32_splat(weights, 8)
  const w3 = v128.load32_splat(weights, 12)
  const w4 = v128.load32_splat(weights, 16)
  const w5 = v128.load32_splat(weights, 20)
  const w6 = v128.load32_splat(weights, 24)
  const w7 = v128.load32_splat(weights, 28)
  for (let o: usize = 0; o < bytes; o += 16) {
    let even = f32x4.add(v128.load(out + o), f32x4.mul(w0, v128.load(copy)))
    let odd = f32x4.mul(w1, v128.load(copy, 16))
    even = f32x4.add(even, f32x4.mul(w2, v128.load(copy, 32)))
    odd = f32x4.add(odd, f32x4.mul(w3, v128.load(copy, 48)))
    even = f32x4.add(even, f32x4.mul(w4, v128.load(copy, 64)))
    odd = f32x4.add(odd, f32x4.mul(w5, v128.load(copy, 80)))
    even = f32x4.add(even, f32x4.mul(w6, v128.load(copy, 96)))
    odd = f32x4.add(odd, f32x4.mul(w7, v128.load(copy, 112)))
    v128.store(out + o, f32x4.add(even, odd))
    copy += 128
  }
}

// out = diagonal · p
function scale(diagonal: usize, p: usize, out: usize, bytes: usize): void {
  for (let o: usize = 0; o < bytes; o += 16) {
    v128.store(out + o, f32x4.mul(v128.load(diagonal + o), v128.load(p + o)))
  }
}

// Scratch of a thread: seven vectors of d, a row of zeros, 8 weights, then per entry: address, a, b; then the copies. Lists
// are filled up to a multiple of 8 with entries of weight 0 on the row of zeros.
export function solveByGradient(job: usize, from: i32, to: i32, scratch: usize, chunk: i32): void {
  const bytes = (<usize>load<i32>(job + D)) << 2
  const steps = load<i32>(job + STEPS)
  const start = at(job, START)
  const column = at(job, COLUMN)
  const value = at(job, VALUE)
  const weight = at(job, WEIGHT)
  const source = at(job, SOURCE)
  const spectrum = at(job, SPECTRUM)
  const penalties = at(job, PENALTY)
  const aScale = f32x4.splat(load<f32>(job + A_SCALE))
  const aShift = f32x4.splat(load<f32>(job + A_SHIFT))
  const bScale = f32x4.splat(load<f32>(job + B_SCALE))
  const bShift = f32x4.splat(load<f32>(job + B_SHIFT))
  const r = scratch
  const z = r + bytes
  const p = z + bytes
  const ap = p + bytes
  const diagonal = ap + bytes
  const inverse = diagonal + bytes
  const zeros = inverse + bytes
  const weights = zeros + bytes
  const lists = weights + 32
  const one = f32x4.splat(1)
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
    const padded = (count + 7) & ~7
    const end = (<usize>padded) << 2
    const rows = lists
    const as = rows + end
    const bs = as + end
    const copies = bs + end
    // Copies of one group of 8 after the other; where they are too many, all in the place of the first, again and again.
    const isCopied = (<usize>padded) * bytes <= COPY_BYTES
    const perGroup = isCopied ? bytes : 0
    for (let e: u32 = 0; e < count; e++) {
      store<u32>(rows + ((<usize>e) << 2), <u32>rowOf(source, column, first + e, bytes))
    }
    // May read past the end of the values by up to 7 (the memory goes on); the weights of what follows are cleared below.
    for (let e: u32 = 0; e < padded; e += 4) {
      const v = v128.load(value + ((<usize>(first + e)) << 2))
      v128.store(as + ((<usize>e) << 2), f32x4.add(f32x4.mul(v, aScale), aShift))
      v128.store(bs + ((<usize>e) << 2), f32x4.add(f32x4.mul(v, bScale), bShift))
    }
    if (weight != 0) {
      for (let e: usize = 0; e < end; e += 16) {
        const w = v128.load(weight + ((<usize>first) << 2) + e)
        v128.store(as + e, f32x4.mul(v128.load(as + e), w))
        v128.store(bs + e, f32x4.mul(v128.load(bs + e), w))
      }
    }
    for (let e = count; e < padded; e++) {
      store<u32>(rows + ((<usize>e) << 2), <u32>zeros)
      store<f32>(as + ((<usize>e) << 2), 0)
      store<f32>(bs + ((<usize>e) << 2), 0)
    }
    const penalty = v128.load32_splat(penalties + ((<usize>u) << 2))
    for (let o: usize = 0; o < bytes; o += 16) {
      const sum = f32x4.add(v128.load(spectrum + o), penalty)
      v128.store(diagonal + o, sum)
      v128.store(inverse + o, v128.bitselect(f32x4.div(one, sum), one, f32x4.gt(sum, none)))
      v128.store(r + o, f32x4.neg(f32x4.mul(sum, v128.load(x + o))))
    }
    // r = b − A x
    for (let e: usize = 0; e < end; e += 32) {
      const copy = copies + e * (perGroup >> 2)
      gather8(rows + e, copy, x, bytes, weights, as + e, bs + e)
      add8(copy, weights, r, bytes)
    }
    // From here on the target is 0 and a counts with the other sign: out += a (row · p) row.
    for (let e: usize = 0; e < end; e += 16) {
      v128.store(as + e, f32x4.neg(v128.load(as + e)))
      v128.store(bs + e, none)
    }
    scale(inverse, r, p, bytes)
    let old = dot(r, p, bytes)
    for (let step: i32 = 1; step <= steps; step++) {
      if (!(old > 1e-20)) break
      scale(diagonal, p, ap, bytes)
      for (let e: usize = 0; e < end; e += 32) {
        const copy = copies + e * (perGroup >> 2)
        if (isCopied) multiply8(copy, p, bytes, weights, as + e, bs + e)
        else gather8(rows + e, copy, p, bytes, weights, as + e, bs + e)
        add8(copy, weights, ap, bytes)
      }
      const alpha = f32x4.splat(old / dot(p, ap, bytes))
      for (let o: usize = 0; o < bytes; o += 16) {
        v128.store(x + o, f32x4.add(v128.load(x + o), f32x4.mul(alpha, v128.load(p + o))))
      }
      if (step == steps) break
      for (let o: usize = 0; o < bytes; o += 16) {
        v128.store(r + o, f32x4.sub(v128.load(r + o), f32x4.mul(alpha, v128.load(ap + o))))
      }
      scale(inverse, r, z, bytes)
      const now = dot(r, z, bytes)
      const beta = f32x4.splat(now / old)
      for (let o: usize = 0; o < bytes; o += 16) {
        v128.store(p + o, f32x4.add(v128.load(z + o), f32x4.mul(beta, v128.load(p + o))))
      }
      old = now
    }
  }
}

// The inner loops of LogisticRows in AssemblyScript with 128-bit SIMD; `logistic-rows/logistic-rows-reference.ts` is the same
// in TypeScript and the order of every sum is equal. All pointers are byte addresses of f64 (or u32) arrays in the imported
// memory; the caller lays them out (`logistic-rows/logistic-rows-wasm.ts`). No memory is allocated here. Functions of (job,
// from, to, scratch, range) run on many threads, each writing only what belongs to its range.

import { decay, logOfOnePlus } from './logistic/loss.as'

// A job, 32-bit unless said; as in `logistic-rows/logistic-rows-wasm.ts`.
const STRIDE = 0
const VALUES = 4
const LABELS = 8
const WEIGHTS = 12
const STARTS = 16
const ENTRIES = 20
const POINT = 24
const PARTS = 28
const PART_BYTES = 32
// Double.
const INTERCEPT = 40

// Rows whose scores are made before their losses are.
const BLOCK: i32 = 64
// Of a part: the losses of even and odd rows, the slope of the intercept, nothing; then the other slopes.
const SLOPES: usize = 32

// @ts-ignore: decorator
@inline
function field(job: usize, at: usize): usize {
  return <usize>load<u32>(job + at)
}

// Adds losses and slopes of rows `from` to `to` at POINT and INTERCEPT to part `range`.
export function evaluate(job: usize, from: i32, to: i32, scratch: usize, range: i32): void {
  const part = field(job, PARTS) + (<usize>range) * field(job, PART_BYTES)
  for (let at = from; at < to; at += BLOCK) {
    const end = min(to, at + BLOCK)
    score(job, at, end, scratch)
    lose(job, at, end, scratch, part)
    addSlopes(job, at, end, scratch, part + SLOPES)
  }
}

// Four running sums, then (l0 + l2) + (l1 + l3): the order of `dot`. Then the levels of the row, one by one.
function score(job: usize, from: i32, to: i32, scores: usize): void {
  const rowBytes = field(job, STRIDE) << 3
  const point = field(job, POINT)
  const levels = point + rowBytes
  const intercept = load<f64>(job, INTERCEPT)
  let x = field(job, VALUES) + (<usize>from) * rowBytes
  let start = field(job, STARTS) + ((<usize>from) << 2)
  let entry = field(job, ENTRIES) + ((<usize>load<u32>(start)) << 2)
  for (let r = from; r < to; r++) {
    let low = f64x2.splat(0)
    let high = f64x2.splat(0)
    for (let w = point; w < levels; w += 32) {
      low = f64x2.add(low, f64x2.mul(v128.load(x), v128.load(w)))
      high = f64x2.add(high, f64x2.mul(v128.load(x, 16), v128.load(w, 16)))
      x += 32
    }
    const pairs = f64x2.add(low, high)
    let sum = intercept + (f64x2.extract_lane(pairs, 0) + f64x2.extract_lane(pairs, 1))
    start += 4
    const end = field(job, ENTRIES) + ((<usize>load<u32>(start)) << 2)
    for (; entry < end; entry += 4) sum += load<f64>(levels + ((<usize>load<u32>(entry)) << 3))
    store<f64>(scores, sum)
    scores += 8
  }
  // Losses go in pairs.
  store<f64>(scores, 0)
}

// Turns scores into v (p − y); adds v (log(1 + e^s) − y s), and v (p − y) one by one.
function lose(job: usize, from: i32, to: i32, scores: usize, part: usize): void {
  const one = f64x2.splat(1)
  const zero = f64x2.splat(0)
  let labels = field(job, LABELS) + ((<usize>from) << 3)
  let weights = field(job, WEIGHTS) + ((<usize>from) << 3)
  let losses = v128.load(part)
  let slope = load<f64>(part, 16)
  for (let r = from; r < to; r += 2) {
    const s = v128.load(scores)
    const y = v128.load(labels)
    let v = v128.load(weights)
    if (r + 1 == to) v = f64x2.replace_lane(v, 1, 0)
    const t = decay(s)
    const p = f64x2.div(v128.bitselect(t, one, f64x2.lt(s, zero)), f64x2.add(one, t))
    const softplus = f64x2.add(f64x2.max(s, zero), logOfOnePlus(t))
    losses = f64x2.add(losses, f64x2.mul(v, f64x2.sub(softplus, f64x2.mul(y, s))))
    const error = f64x2.mul(v, f64x2.sub(p, y))
    v128.store(scores, error)
    slope += f64x2.extract_lane(error, 0)
    slope += f64x2.extract_lane(error, 1)
    scores += 16
    labels += 16
    weights += 16
  }
  v128.store(part, losses)
  store<f64>(part, slope, 16)
}

// Adds error · row to the slopes, row after row, four rows at a time; and the error to those of the row's levels.
function addSlopes(job: usize, from: i32, to: i32, errors: usize, slopes: usize): void {
  const rowBytes = field(job, STRIDE) << 3
  const levels = slopes + rowBytes
  let row = field(job, VALUES) + (<usize>from) * rowBytes
  let error = errors
  let r = from
  for (; r + 4 <= to; r += 4) {
    const e0 = v128.load64_splat(error)
    const e1 = v128.load64_splat(error, 8)
    const e2 = v128.load64_splat(error, 16)
    const e3 = v128.load64_splat(error, 24)
    let x1 = row + rowBytes
    let x2 = x1 + rowBytes
    let x3 = x2 + rowBytes
    for (let slope = slopes; slope < levels; slope += 16) {
      let sum = f64x2.add(v128.load(slope), f64x2.mul(e0, v128.load(row)))
      sum = f64x2.add(sum, f64x2.mul(e1, v128.load(x1)))
      sum = f64x2.add(sum, f64x2.mul(e2, v128.load(x2)))
      v128.store(slope, f64x2.add(sum, f64x2.mul(e3, v128.load(x3))))
      row += 16
      x1 += 16
      x2 += 16
      x3 += 16
    }
    row = x3
    error += 32
  }
  for (; r < to; r++) {
    const e = v128.load64_splat(error)
    for (let slope = slopes; slope < levels; slope += 16) {
      v128.store(slope, f64x2.add(v128.load(slope), f64x2.mul(e, v128.load(row))))
      row += 16
    }
    error += 8
  }
  let start = field(job, STARTS) + ((<usize>from) << 2)
  let entry = field(job, ENTRIES) + ((<usize>load<u32>(start)) << 2)
  error = errors
  for (r = from; r < to; r++) {
    start += 4
    const end = field(job, ENTRIES) + ((<usize>load<u32>(start)) << 2)
    const e = load<f64>(error)
    for (; entry < end; entry += 4) {
      const slope = levels + ((<usize>load<u32>(entry)) << 3)
      store<f64>(slope, load<f64>(slope) + e)
    }
    error += 8
  }
}

// Every row to every center.

import { remember } from './bounds.as'
import { STRIDE, ROWS_AT, CLUSTER, PACKED, HALF_NORMS, BLOCKS, REMEMBERS, CHANGED, BLOCK, field } from './job.as'
import { leastLane, squaredNorm, errorOf, nearOf, nearestOfNear } from './scores.as'

// Writes the nearest center of a row whose scores lie at `scores`: the one whose score is the least by more than scores can be
// wrong, else the nearest of those that are not told apart. Returns 1 when it is another one than before.
function settle(
  job: usize,
  r: i32,
  row: usize,
  scratch: usize,
  scores: usize,
  least: v128,
): i32 {
  const squares = squaredNorm(row, row + ((<usize>load<i32>(job, STRIDE)) << 2))
  const error = errorOf(job, squares)
  const limit = f32x4.splat(leastLane(least) + 2 * error)
  const count = load<i32>(job, BLOCKS) * BLOCK
  let found: i32 = 0
  let last: i32 = 0
  for (let c: i32 = 0; c < count; c += BLOCK) {
    const near = nearOf(scores + ((<usize>c) << 2), limit)
    if (near == 0) continue
    found += popcnt(near)
    last = c + ctz(near)
  }
  const nearest = found == 1 ? last : nearestOfNear(job, row, scores, f32x4.extract_lane(limit, 0))
  const cluster = field(job, CLUSTER) + ((<usize>r) << 2)
  const before = load<i32>(cluster)
  store<i32>(cluster, nearest)
  if (load<i32>(job, REMEMBERS) != 0) remember(job, r, scratch, scores, nearest, error, squares)
  return <i32>(before != nearest)
}

// The nearest center of rows `from` to `to`. A score is half the squared norm of a center minus its product with the row, in
// single precision: the least score is the least distance but for rounding. Two rows and two blocks of centers at a time.
export function assign(job: usize, from: i32, to: i32, scratch: usize, range: i32): void {
  const rowBytes = (<usize>load<i32>(job, STRIDE)) << 2
  const blocks = load<i32>(job, BLOCKS)
  const blockBytes = rowBytes * BLOCK
  const other = scratch + 128 + ((<usize>blocks) << 5)
  let changed: i32 = 0
  let a = field(job, ROWS_AT) + (<usize>from) * rowBytes
  for (let r = from; r < to; r += 2) {
    const isPair = r + 1 < to
    const b = isPair ? a + rowBytes : a
    const end = a + rowBytes
    let leastA = f32x4.splat(Infinity)
    let leastB = f32x4.splat(Infinity)
    let first = field(job, PACKED)
    let norms = field(job, HALF_NORMS)
    let scoresA = scratch + 128
    let scoresB = other
    for (let block: i32 = 0; block < blocks; block += 2) {
      let a0 = v128.load(norms)
      let a1 = v128.load(norms, 16)
      let a2 = v128.load(norms, 32)
      let a3 = v128.load(norms, 48)
      let b0 = a0
      let b1 = a1
      let b2 = a2
      let b3 = a3
      let second = first + blockBytes
      let y = b
      for (let x = a; x < end; x += 4) {
        const xs = v128.load32_splat(x)
        const ys = v128.load32_splat(y)
        const c0 = v128.load(first)
        a0 = f32x4.sub(a0, f32x4.mul(xs, c0))
        b0 = f32x4.sub(b0, f32x4.mul(ys, c0))
        const c1 = v128.load(first, 16)
        a1 = f32x4.sub(a1, f32x4.mul(xs, c1))
        b1 = f32x4.sub(b1, f32x4.mul(ys, c1))
        const c2 = v128.load(second)
        a2 = f32x4.sub(a2, f32x4.mul(xs, c2))
        b2 = f32x4.sub(b2, f32x4.mul(ys, c2))
        const c3 = v128.load(second, 16)
        a3 = f32x4.sub(a3, f32x4.mul(xs, c3))
        b3 = f32x4.sub(b3, f32x4.mul(ys, c3))
        first += 32
        second += 32
        y += 4
      }
      first += blockBytes
      v128.store(scoresA, a0)
      v128.store(scoresA, a1, 16)
      v128.store(scoresA, a2, 32)
      v128.store(scoresA, a3, 48)
      v128.store(scoresB, b0)
      v128.store(scoresB, b1, 16)
      v128.store(scoresB, b2, 32)
      v128.store(scoresB, b3, 48)
      leastA = f32x4.pmin(leastA, f32x4.pmin(f32x4.pmin(a0, a1), f32x4.pmin(a2, a3)))
      leastB = f32x4.pmin(leastB, f32x4.pmin(f32x4.pmin(b0, b1), f32x4.pmin(b2, b3)))
      scoresA += 64
      scoresB += 64
      norms += 64
    }
    changed += settle(job, r, a, scratch, scratch + 128, leastA)
    if (isPair) changed += settle(job, r + 1, b, scratch, other, leastB)
    a += 2 * rowBytes
  }
  store<i32>(field(job, CHANGED) + ((<usize>range) << 2), changed)
}

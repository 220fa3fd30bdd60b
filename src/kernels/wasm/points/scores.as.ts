// Distances in double precision, scores in single precision, and how far these may be off.

import { STRIDE, CENTERS, COUNT, ERROR_SHARE, LARGEST_NORM, UNDERFLOW, field } from './job.as'

// @ts-ignore: decorator
@inline
export function leastLane(x: v128): f32 {
  const two = f32x4.pmin(x, v128.shuffle<i32>(x, x, 2, 3, 0, 1))
  return min<f32>(f32x4.extract_lane(two, 0), f32x4.extract_lane(two, 1))
}

// Four running sums, then (l0 + l2) + (l1 + l3): the order of `squaredDistance`. `length`: a multiple of four.
export function squaredDistance(row: usize, center: usize, length: i32): f64 {
  let low = f64x2.splat(0)
  let high = f64x2.splat(0)
  for (let j: i32 = 0; j < length; j += 4) {
    const x = v128.load(row)
    const d0 = f64x2.sub(f64x2.promote_low_f32x4(x), v128.load(center))
    const d1 = f64x2.sub(
      f64x2.promote_low_f32x4(v128.shuffle<i32>(x, x, 2, 3, 2, 3)),
      v128.load(center, 16),
    )
    low = f64x2.add(low, f64x2.mul(d0, d0))
    high = f64x2.add(high, f64x2.mul(d1, d1))
    row += 16
    center += 32
  }
  const pairs = f64x2.add(low, high)
  return f64x2.extract_lane(pairs, 0) + f64x2.extract_lane(pairs, 1)
}

// @ts-ignore: decorator
@inline
export function squaredNorm(row: usize, end: usize): f32 {
  let squares = f32x4.splat(0)
  for (; row < end; row += 16) {
    const x = v128.load(row)
    squares = f32x4.add(squares, f32x4.mul(x, x))
  }
  const pairs = f32x4.add(squares, v128.shuffle<i32>(squares, squares, 2, 3, 0, 1))
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1)
}

// How far a score, or half the squared norm of a row, may be off. Where anything overflowed it is no number, and every center counts as near.
// @ts-ignore: decorator
@inline
export function errorOf(job: usize, squares: f32): f32 {
  const norms = sqrt<f32>(squares) + load<f32>(job, LARGEST_NORM)
  return load<f32>(job, ERROR_SHARE) * norms * norms + UNDERFLOW
}

// Which of eight scores are not above the limit, a bit each.
// @ts-ignore: decorator
@inline
export function nearOf(scores: usize, limit: v128): i32 {
  const a = i32x4.bitmask(f32x4.gt(v128.load(scores), limit))
  const b = i32x4.bitmask(f32x4.gt(v128.load(scores, 16), limit))
  return (a | (b << 4)) ^ 0xff
}

// The nearest of the centers whose score is not above the limit, in double precision; the first of equally near ones.
export function nearestOfNear(job: usize, row: usize, scores: usize, limit: f32): i32 {
  const stride = load<i32>(job, STRIDE)
  const count = load<i32>(job, COUNT)
  const bytes = (<usize>stride) << 3
  let center = field(job, CENTERS)
  let best: f64 = Infinity
  let found: i32 = 0
  for (let c: i32 = 0; c < count; c++) {
    if (!(load<f32>(scores) > limit)) {
      const d = squaredDistance(row, center, stride)
      if (d < best) {
        best = d
        found = c
      }
    }
    scores += 4
    center += bytes
  }
  return found
}

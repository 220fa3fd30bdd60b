// Bounds on distances that spare rows a look at every center.

import { STRIDE, ROWS_AT, CLUSTER, PACKED, HALF_NORMS, BLOCKS, BOUNDS, UPPER, MOVES, GROUP_MOVES, GROUP_BLOCKS, GROUP_MASK, CHANGED, BLOCK, GROUPS, LESS, MORE, field } from './job.as'
import { leastLane, squaredNorm, errorOf, nearOf, nearestOfNear } from './scores.as'

// @ts-ignore: decorator
@inline
function upperBound(score: f32, error: f32, squares: f32): f32 {
  return sqrt<f32>(max<f32>(squares + 2 * (score + 2 * error), 0) * MORE) * MORE
}

// The least score of some blocks but that of one center.
function leastButOne(scores: usize, center: i32, first: usize, last: usize): f32 {
  let least = f32x4.splat(Infinity)
  let number = i32x4.add(i32x4(0, 1, 2, 3), i32x4.splat(<i32>first << 3))
  const lanes = i32x4.splat(center)
  const infinity = f32x4.splat(Infinity)
  for (let at = scores + (first << 5), end = scores + (last << 5); at < end; at += 16) {
    const isCenter = i32x4.eq(number, lanes)
    least = f32x4.pmin(least, v128.bitselect(infinity, v128.load(at), isCenter))
    number = i32x4.add(number, i32x4.splat(4))
  }
  return leastLane(least)
}

// Lower bounds on distances from the least scores of the groups that were looked at.
function storeBounds(scratch: usize, bounds: usize, error: f32, squares: f32): void {
  const less = f32x4.splat(LESS)
  const zero = f32x4.splat(0)
  for (let at: usize = 0; at < 64; at += 16) {
    const scores = f32x4.sub(v128.load(scratch + at), f32x4.splat(2 * error))
    const square = f32x4.mul(f32x4.add(f32x4.splat(squares), f32x4.add(scores, scores)), less)
    const distance = f32x4.mul(f32x4.sqrt(square), less)
    // What is no number says nothing.
    const own = v128.and(distance, f32x4.gt(square, zero))
    v128.store(bounds + at, v128.bitselect(own, v128.load(bounds + at), v128.load(scratch + at, 64)))
  }
}

// Bounds of a row from all its scores. In the scratch: the least of each group, and whether it was looked at.
export function remember(
  job: usize,
  r: i32,
  scratch: usize,
  scores: usize,
  nearest: i32,
  error: f32,
  squares: f32,
): void {
  const blocks = field(job, BLOCKS)
  const groupBlocks = field(job, GROUP_BLOCKS)
  store<f32>(
    field(job, UPPER) + ((<usize>r) << 2),
    upperBound(load<f32>(scores + ((<usize>nearest) << 2)), error, squares),
  )
  let group = scratch
  for (let block: usize = 0; block < blocks; block += groupBlocks) {
    store<f32>(group, leastButOne(scores, nearest, block, min(block + groupBlocks, blocks)))
    store<i32>(group, -1, 64)
    group += 4
  }
  storeBounds(scratch, field(job, BOUNDS) + ((<usize>r) << 6), error, squares)
}

// Which of sixteen numbers are not above `limit`, a bit each.
// @ts-ignore: decorator
@inline
function notAbove(numbers: usize, limit: v128): i32 {
  const a = f32x4.gt(v128.load(numbers), limit)
  const b = f32x4.gt(v128.load(numbers, 16), limit)
  const c = f32x4.gt(v128.load(numbers, 32), limit)
  const d = f32x4.gt(v128.load(numbers, 48), limit)
  return (
    i8x16.bitmask(
      i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d)),
    ) ^ 0xffff
  )
}

// The scores of a row with a group of centers; returns the least.
// @ts-ignore: decorator
@inline
function scoreGroup(
  row: usize,
  end: usize,
  first: usize,
  last: usize,
  packed: usize,
  halfNorms: usize,
  scores: usize,
): f32 {
  const blockBytes = (end - row) * BLOCK
  let least = f32x4.splat(Infinity)
  for (let block = first; block < last; block++) {
    const norms = halfNorms + (block << 5)
    let center = packed + block * blockBytes
    let a0 = v128.load(norms)
    let a1 = v128.load(norms, 16)
    let b0 = f32x4.splat(0)
    let b1 = f32x4.splat(0)
    for (let x = row; x < end; x += 8) {
      const xs = v128.load32_splat(x)
      a0 = f32x4.sub(a0, f32x4.mul(xs, v128.load(center)))
      a1 = f32x4.sub(a1, f32x4.mul(xs, v128.load(center, 16)))
      const ys = v128.load32_splat(x, 4)
      b0 = f32x4.sub(b0, f32x4.mul(ys, v128.load(center, 32)))
      b1 = f32x4.sub(b1, f32x4.mul(ys, v128.load(center, 48)))
      center += 64
    }
    a0 = f32x4.add(a0, b0)
    a1 = f32x4.add(a1, b1)
    v128.store(scores + (block << 5), a0)
    v128.store(scores + (block << 5), a1, 16)
    least = f32x4.pmin(least, f32x4.pmin(a0, a1))
  }
  return leastLane(least)
}

// As `settle`, among the groups that were looked at.
function settleSeen(job: usize, row: usize, scratch: usize, seen: i32, limit: f32): i32 {
  const groupSize = load<i32>(job, GROUP_BLOCKS) * BLOCK
  const count = load<i32>(job, BLOCKS) * BLOCK
  const limits = f32x4.splat(limit)
  const scores = scratch + 128
  const groups = seen & notAbove(scratch, limits)
  if (popcnt(groups) == 1) {
    const first = ctz(groups) * groupSize
    let found: i32 = 0
    let last: i32 = 0
    for (let c = first, end = min(first + groupSize, count); c < end; c += BLOCK) {
      const near = nearOf(scores + ((<usize>c) << 2), limits)
      if (near == 0) continue
      found += popcnt(near)
      last = c + ctz(near)
    }
    if (found == 1) return last
  }
  for (let group: i32 = 0; group < GROUPS; group++) {
    if ((seen >> group) & 1) continue
    for (let c = group * groupSize, end = min(c + groupSize, count); c < end; c += 4) {
      v128.store(scores + ((<usize>c) << 2), f32x4.splat(Infinity))
    }
  }
  return nearestOfNear(job, row, scores, limit)
}

// Looks at the group of the row's own center, and then at those that its distance reaches. In the scratch: the least score of
// each group, whether it was looked at, the scores.
function search(
  job: usize,
  row: usize,
  cluster: usize,
  upper: usize,
  bounds: usize,
  scratch: usize,
): void {
  const end = row + ((<usize>load<i32>(job, STRIDE)) << 2)
  const packed = field(job, PACKED)
  const halfNorms = field(job, HALF_NORMS)
  const blocks = field(job, BLOCKS)
  const groupBlocks = field(job, GROUP_BLOCKS)
  const groups = load<i32>(job, GROUP_MASK)
  const isSeen = scratch + 64
  const scores = scratch + 128
  const squares = squaredNorm(row, end)
  const error = errorOf(job, squares)
  const own = load<i32>(cluster)
  const home = (<usize>own >> 3) / groupBlocks
  for (let at: usize = 0; at < 64; at += 16) v128.store(isSeen + at, i32x4.splat(0))
  let least: f32 = Infinity
  let most = f32x4.splat(0)
  let seen: i32 = 0
  let next = home
  for (;;) {
    const first = next * groupBlocks
    const last = min(first + groupBlocks, blocks)
    const found = scoreGroup(row, end, first, last, packed, halfNorms, scores)
    store<f32>(scratch + (next << 2), found)
    store<i32>(isSeen + (next << 2), -1)
    least = min<f32>(least, found)
    // The distance to the own center, once it is there.
    if (seen == 0) most = f32x4.splat(upperBound(load<f32>(scores + ((<usize>own) << 2)), error, squares))
    seen |= 1 << (<i32>next)
    const others = groups & ~seen & notAbove(bounds, most)
    if (others == 0) break
    next = <usize>ctz(others)
  }
  const nearest = settleSeen(job, row, scratch, seen, least + 2 * error)
  store<i32>(cluster, nearest)
  const score = load<f32>(scores + ((<usize>nearest) << 2))
  store<f32>(upper, upperBound(score, error, squares))
  const group = (<usize>nearest >> 3) / groupBlocks
  store<f32>(scratch + (group << 2), leastButOne(scores, nearest, group * groupBlocks, min((group + 1) * groupBlocks, blocks)))
  storeBounds(scratch, bounds, error, squares)
}

// As `assign`, with what earlier passes left: of each row an upper bound on the distance to its own center (UPPER) and a
// lower bound on that to the others of each group (BOUNDS). Both follow the moves of the centers (Ding et al., "Yinyang
// k-means", ICML 2015, section 3.1); only groups whose bound does not lie above are looked at.
export function assignByBounds(job: usize, from: i32, to: i32, scratch: usize, range: i32): void {
  const rowBytes = (<usize>load<i32>(job, STRIDE)) << 2
  const groupMoves = field(job, GROUP_MOVES)
  const moves = field(job, MOVES)
  const groups = load<i32>(job, GROUP_MASK)
  const less = f32x4.splat(LESS)
  let changed: i32 = 0
  let row = field(job, ROWS_AT) + (<usize>from) * rowBytes
  let cluster = field(job, CLUSTER) + ((<usize>from) << 2)
  let upper = field(job, UPPER) + ((<usize>from) << 2)
  let bounds = field(job, BOUNDS) + ((<usize>from) << 6)
  for (let r = from; r < to; r++) {
    for (let at: usize = 0; at < 64; at += 16) {
      const moved = f32x4.sub(v128.load(bounds + at), v128.load(groupMoves + at))
      v128.store(bounds + at, f32x4.mul(moved, less))
    }
    const own = load<i32>(cluster)
    const most = (load<f32>(upper) + load<f32>(moves + ((<usize>own) << 2))) * MORE
    store<f32>(upper, most)
    if ((groups & notAbove(bounds, f32x4.splat(most))) != 0) {
      search(job, row, cluster, upper, bounds, scratch)
      changed += <i32>(load<i32>(cluster) != own)
    }
    row += rowBytes
    cluster += 4
    upper += 4
    bounds += 64
  }
  store<i32>(field(job, CHANGED) + ((<usize>range) << 2), changed)
}

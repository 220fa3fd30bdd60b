// The inner loops of GradientHistograms in AssemblyScript with 128-bit SIMD; `histograms-reference.ts` gives the same
// numbers in TypeScript: all sums are of whole numbers, so their order, and which thread adds what, is free. A cell is two
// i64: the gradient, and the hessian times 2^shift plus the count of rows. All pointers are byte addresses in the imported
// memory; the caller lays them out (`histograms-wasm.ts`). No memory is allocated here. Functions of (job, from, to,
// scratch, range) run on many threads, each writing only what belongs to its range.

import { logistic, round } from './histograms/logistic.as'

// A job, 32-bit unless said; as `JOB` in `histograms-wasm.ts`.
const ROWS = 0
const COLUMNS = 4
const STRIDE = 8
const ORDER = 12
const PAIRS = 16
const ROW_BINS = 20
const COLUMN_BINS = 24
const PARTS = 28
const OFFSETS = 32
const LEFT = 36
const RIGHT = 40
const SPLITS = 44
const IS_LEFT = 48
const LIST = 52
const CUTS = 56
const SHIFT = 60
const GRADIENTS = 64
const HESSIANS = 68
const LIMITS = 72
const INPUT = 76
const POSITIONS = 80
// Of one call.
const SLOT = 84
const COUNT = 88
const COLUMN = 92
const WIDTH = 96
const FIRST = 100
// Doubles.
const GRADIENT_SCALE = 104
const HESSIAN_SCALE = 112
// Seven doubles: gradient, hessian and rows of the leaf, lambda, fewest rows, least hessian, least score.
const RULES = 120
// 32-bit again.
const SCORES = 176
const LABELS = 180
const WEIGHTS = 184

// Bytes of the 256 cells of a column while it is added up, and rows that are gathered at a time.
const COLUMN_BYTES: usize = 4096
const STRIP: i32 = 512
// Blocks of eight columns that are gathered together: a cache line of a row.
const TOGETHER: i32 = 8

// @ts-ignore: decorator
@inline
function field(job: usize, at: usize): usize {
  return <usize>load<u32>(job + at)
}

// @ts-ignore: decorator
@inline
function storePair(pairs: usize, g: f64, h: f64, shift: i64): void {
  store<i64>(pairs, <i64>g)
  store<i64>(pairs, ((<i64>h) << shift) | 1, 8)
}

export function quantize(job: usize, from: i32, to: i32, scratch: usize, range: i32): void {
  const shift = <i64>load<i32>(job, SHIFT)
  const scales = f64x2(load<f64>(job, GRADIENT_SCALE), load<f64>(job, HESSIAN_SCALE))
  let gradients = field(job, GRADIENTS) + ((<usize>from) << 3)
  let hessians = field(job, HESSIANS) + ((<usize>from) << 3)
  let pairs = field(job, PAIRS) + ((<usize>from) << 4)
  for (let r = from; r < to; r++) {
    const both = round(
      f64x2.mul(f64x2.replace_lane(v128.load64_splat(gradients), 1, load<f64>(hessians)), scales),
    )
    storePair(pairs, f64x2.extract_lane(both, 0), f64x2.extract_lane(both, 1), shift)
    gradients += 8
    hessians += 8
    pairs += 16
  }
}

// Pairs of rows `from` to `to`, of the logistic loss at their scores; two rows at a time, the last alone.
export function deriveLogistic(job: usize, from: i32, to: i32, scratch: usize, range: i32): void {
  const shift = <i64>load<i32>(job, SHIFT)
  const gradientScale = v128.load64_splat(job, GRADIENT_SCALE)
  const hessianScale = v128.load64_splat(job, HESSIAN_SCALE)
  const one = f64x2.splat(1)
  let scores = field(job, SCORES) + ((<usize>from) << 3)
  let labels = field(job, LABELS) + ((<usize>from) << 3)
  let weights = field(job, WEIGHTS) + ((<usize>from) << 3)
  let pairs = field(job, PAIRS) + ((<usize>from) << 4)
  for (let r = from; r < to; r += 2) {
    const p = logistic(v128.load(scores))
    const v = v128.load(weights)
    const g = round(f64x2.mul(f64x2.mul(v, f64x2.sub(p, v128.load(labels))), gradientScale))
    const h = round(f64x2.mul(f64x2.mul(f64x2.mul(v, p), f64x2.sub(one, p)), hessianScale))
    storePair(pairs, f64x2.extract_lane(g, 0), f64x2.extract_lane(h, 0), shift)
    if (r + 1 < to) {
      storePair(pairs + 16, f64x2.extract_lane(g, 1), f64x2.extract_lane(h, 1), shift)
    }
    scores += 16
    labels += 16
    weights += 16
    pairs += 32
  }
}

// Adds GRADIENT_SCALE to the scores of the rows at `from` to `to` of the order.
export function addToScores(job: usize, from: i32, to: i32, scratch: usize, range: i32): void {
  const step = load<f64>(job, GRADIENT_SCALE)
  const scores = field(job, SCORES)
  let order = field(job, ORDER) + ((<usize>from) << 2)
  const end = field(job, ORDER) + ((<usize>to) << 2)
  for (; order < end; order += 4) {
    const score = scores + ((<usize>load<i32>(order)) << 3)
    store<f64>(score, load<f64>(score) + step)
  }
}

// Bins of rows `from` to `to` of the input, COUNT columns of it, by branchless search among 256 limits a column, ascending
// and filled up with infinity. FIRST: row number of the first row of the input.
export function toBins(job: usize, from: i32, to: i32, scratch: usize, range: i32): void {
  const rows = field(job, ROWS)
  const width = field(job, WIDTH) << 3
  const columns = load<i32>(job, COUNT)
  for (let j: i32 = 0; j < columns; j++) {
    const position = <usize>load<u32>(field(job, POSITIONS) + ((<usize>j) << 2))
    const limits = field(job, LIMITS) + ((<usize>j) << 11)
    let value = field(job, INPUT) + (<usize>from) * width + (position << 3)
    let bin = field(job, COLUMN_BINS) + (<usize>j) * rows + field(job, FIRST) + <usize>from
    for (let r = from; r < to; r++) {
      const x = load<f64>(value)
      let at = limits
      for (let step: usize = 1024; step >= 8; step >>= 1) {
        at = select(at + step, at, load<f64>(at + step - 8) < x)
      }
      // The difference is not zero for NaN and infinities.
      store<u8>(bin, select(<i32>((at - limits) >> 3) + 1, 0, x - x == 0))
      value += width
      bin += 1
    }
  }
}

// Rows of bins from columns of bins, a row STRIDE bytes.
export function pack(job: usize, from: i32, to: i32, scratch: usize, range: i32): void {
  const rows = field(job, ROWS)
  const stride = field(job, STRIDE)
  const columns = load<i32>(job, COLUMNS)
  const out = field(job, ROW_BINS)
  for (let at = from; at < to; at += STRIP) {
    const end = min(to, at + STRIP)
    for (let j: i32 = 0; j < columns; j++) {
      let source = field(job, COLUMN_BINS) + (<usize>j) * rows + <usize>at
      let target = out + (<usize>at) * stride + <usize>j
      for (let r = at; r < end; r++) {
        store<u8>(target, load<u8>(source))
        source += 1
        target += stride
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function bump(cell: usize, pair: v128): void {
  v128.store(cell, i64x2.add(v128.load(cell), pair))
}

function addEight(bins: usize, pairs: usize, count: i32, cells: usize): void {
  const end = pairs + ((<usize>count) << 4)
  for (; pairs < end; pairs += 16) {
    const low = load<u32>(bins)
    const high = load<u32>(bins, 4)
    const pair = v128.load(pairs)
    bump(cells + <usize>((low << 4) & 0xff0), pair)
    bump(cells + <usize>((low >> 4) & 0xff0) + COLUMN_BYTES, pair)
    bump(cells + <usize>((low >> 12) & 0xff0) + 2 * COLUMN_BYTES, pair)
    bump(cells + <usize>((low >> 20) & 0xff0) + 3 * COLUMN_BYTES, pair)
    bump(cells + <usize>((high << 4) & 0xff0) + 4 * COLUMN_BYTES, pair)
    bump(cells + <usize>((high >> 4) & 0xff0) + 5 * COLUMN_BYTES, pair)
    bump(cells + <usize>((high >> 12) & 0xff0) + 6 * COLUMN_BYTES, pair)
    bump(cells + <usize>((high >> 20) & 0xff0) + 7 * COLUMN_BYTES, pair)
    bins += 8
  }
}

function addFour(bins: usize, pairs: usize, count: i32, cells: usize): void {
  const end = pairs + ((<usize>count) << 4)
  for (; pairs < end; pairs += 16) {
    const low = load<u32>(bins)
    const pair = v128.load(pairs)
    bump(cells + <usize>((low << 4) & 0xff0), pair)
    bump(cells + <usize>((low >> 4) & 0xff0) + COLUMN_BYTES, pair)
    bump(cells + <usize>((low >> 12) & 0xff0) + 2 * COLUMN_BYTES, pair)
    bump(cells + <usize>((low >> 20) & 0xff0) + 3 * COLUMN_BYTES, pair)
    bins += 8
  }
}

// Adds the rows at `from` to `to` of the order to part number `range`. Rows lie far apart: their bins and pairs are
// gathered first, in a loop so short that many reads are under way at once, then eight columns at a time are added, whose
// cells fit into the fastest memory.
export function addRows(job: usize, from: i32, to: i32, scratch: usize, range: i32): void {
  const stride = field(job, STRIDE)
  const columns = load<i32>(job, COLUMNS)
  const blocks = <i32>(stride >> 3)
  const part = field(job, PARTS) + (<usize>range) * stride * COLUMN_BYTES
  const strips = scratch + (<usize>STRIP << 4)
  for (let block: i32 = 0; block < blocks; block += TOGETHER) {
    const together = min(TOGETHER, blocks - block)
    for (let at = from; at < to; at += STRIP) {
      const count = min(STRIP, to - at)
      gather(job, at, count, block, together, scratch)
      for (let b: i32 = 0; b < together; b++) {
        const bins = strips + (<usize>b) * (<usize>STRIP << 3)
        const column = (block + b) << 3
        const cells = part + (<usize>column) * COLUMN_BYTES
        if (columns - column > 4) addEight(bins, scratch, count, cells)
        else addFour(bins, scratch, count, cells)
      }
    }
  }
}

function gather(job: usize, at: i32, count: i32, block: i32, together: i32, scratch: usize): void {
  const stride = field(job, STRIDE)
  const pairs = field(job, PAIRS)
  const bins = field(job, ROW_BINS) + ((<usize>block) << 3)
  const bytes = (<usize>together) << 3
  let order = field(job, ORDER) + ((<usize>at) << 2)
  const end = order + ((<usize>count) << 2)
  let pair = scratch
  let strip = scratch + (<usize>STRIP << 4)
  for (; order < end; order += 4) {
    const row = <usize>load<i32>(order)
    v128.store(pair, v128.load(pairs + (row << 4)))
    const source = bins + row * stride
    let target = strip
    for (let byte: usize = 0; byte < bytes; byte += 8) {
      store<u64>(target, load<u64>(source + byte))
      target += <usize>STRIP << 3
    }
    pair += 16
    strip += 8
  }
}

// Adds COUNT parts to a histogram, columns `from` to `to`, and clears them.
export function collect(job: usize, from: i32, to: i32, scratch: usize, range: i32): void {
  const zero = i64x2.splat(0)
  const partBytes = field(job, STRIDE) * COLUMN_BYTES
  const parts = field(job, PARTS)
  const partsEnd = parts + field(job, COUNT) * partBytes
  const offsets = field(job, OFFSETS)
  const slot = field(job, SLOT)
  for (let j = from; j < to; j++) {
    const offset = <usize>load<u32>(offsets + ((<usize>j) << 2))
    const bytes = <usize>load<u32>(offsets + ((<usize>j) << 2), 4) - offset
    for (let byte: usize = 0; byte < bytes; byte += 16) {
      const cell = slot + offset + byte
      let sum = v128.load(cell)
      for (let part = parts + (<usize>j) * COLUMN_BYTES + byte; part < partsEnd; part += partBytes) {
        sum = i64x2.add(sum, v128.load(part))
        v128.store(part, zero)
      }
      v128.store(cell, sum)
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

// Parts the rows at `from` to `to` of the order into LEFT and RIGHT, at the same places, and writes how many went left
// into the first of the range's three numbers. Keeps the order within both sides.
export function split(job: usize, from: i32, to: i32, scratch: usize, range: i32): void {
  const bins = field(job, COLUMN_BINS) + field(job, COLUMN) * field(job, ROWS)
  const isLeft = field(job, IS_LEFT)
  const begin = (<usize>from) << 2
  const start = field(job, LEFT) + begin
  let left = start
  let right = field(job, RIGHT) + begin
  let at = field(job, ORDER) + begin
  const end = field(job, ORDER) + ((<usize>to) << 2)
  for (; at < end; at += 4) {
    const row = load<i32>(at)
    const goesLeft = <usize>load<u8>(isLeft + <usize>load<u8>(bins + <usize>row))
    store<i32>(left, row)
    store<i32>(right, row)
    left += goesLeft << 2
    right += (1 - goesLeft) << 2
  }
  store<u32>(field(job, SPLITS) + (<usize>range) * 12, (left - start) >> 2)
}

// Puts the two sides of a range where they belong: its three numbers are rows on the left, the first place of those, and of
// the others.
export function place(job: usize, from: i32, to: i32, scratch: usize, range: i32): void {
  const numbers = field(job, SPLITS) + (<usize>range) * 12
  const order = field(job, ORDER)
  const begin = (<usize>from) << 2
  const leftBytes = (<usize>load<u32>(numbers)) << 2
  const rightBytes = ((<usize>(to - from)) << 2) - leftBytes
  memory.copy(order + ((<usize>load<u32>(numbers, 4)) << 2), field(job, LEFT) + begin, leftBytes)
  memory.copy(order + ((<usize>load<u32>(numbers, 8)) << 2), field(job, RIGHT) + begin, rightBytes)
}

// The best cut of each column `from` to `to` of LIST: seven doubles, the last says whether there is one.
export function bestCuts(job: usize, from: i32, to: i32, scratch: usize, range: i32): void {
  const offsets = field(job, OFFSETS)
  const rules = job + RULES
  for (let i = from; i < to; i++) {
    const column = <usize>load<u32>(field(job, LIST) + ((<usize>i) << 2))
    const offset = load<u32>(offsets + (column << 2))
    const bins = (load<u32>(offsets + (column << 2), 4) - offset) >> 4
    const out = field(job, CUTS) + (<usize>i) * 56
    const found = bestCut(
      field(job, SLOT) + <usize>offset,
      <i32>bins,
      load<i32>(job, SHIFT),
      load<f64>(rules),
      load<f64>(rules, 8),
      load<f64>(rules, 16),
      load<f64>(rules, 24),
      load<f64>(rules, 32),
      load<f64>(rules, 40),
      load<f64>(rules, 48),
      out,
    )
    store<f64>(out, <f64>found, 48)
  }
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
function bestCut(
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

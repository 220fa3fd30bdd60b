// The scan of `top-n/top-n.ts` in AssemblyScript with 128-bit SIMD: rows of 8-bit integers against a query of 16-bit ones.
// Per row three singles: scale, error and norm, see there. Rows come in groups of four; the caller fills the last one up.

// Lane k is the sum of the lanes of argument k.
// @ts-ignore: decorator
@inline function sum4(a: v128, b: v128, c: v128, e: v128): v128 {
  const ab0 = i8x16.shuffle(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23)
  const ab1 = i8x16.shuffle(a, b, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31)
  const ce0 = i8x16.shuffle(c, e, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23)
  const ce1 = i8x16.shuffle(c, e, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31)
  const ab = i32x4.add(ab0, ab1)
  const ce = i32x4.add(ce0, ce1)
  const low = i8x16.shuffle(ab, ce, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23)
  const high = i8x16.shuffle(ab, ce, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31)
  return i32x4.add(low, high)
}

// Writes place (i32) and upper bound (f32) of every row from `from` to `to` − 1 (multiples of 4) whose upper bound is at
// least `threshold`, in order; answers how many. `stride`: bytes of a row, a multiple of 8.
export function scan(
  rows: usize,
  scales: usize,
  errors: usize,
  norms: usize,
  stride: usize,
  from: i32,
  to: i32,
  query: usize,
  queryScale: f32,
  queryNorm: f32,
  queryError: f32,
  threshold: f32,
  out: usize,
): i32 {
  const least = f32x4.splat(threshold)
  const s = f32x4.splat(queryScale)
  const n = f32x4.splat(queryNorm)
  const e = f32x4.splat(queryError)
  let found: i32 = 0
  for (let r = from; r < to; r += 4) {
    let row = rows + (<usize>r) * stride
    let a0 = i32x4.splat(0)
    let a1 = i32x4.splat(0)
    let a2 = i32x4.splat(0)
    let a3 = i32x4.splat(0)
    const r1 = row + stride
    const r2 = r1 + stride
    const r3 = r2 + stride
    for (let o: usize = 0; o < stride; o += 8) {
      const q = v128.load(query + (o << 1))
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(q, v128.load8x8_s(row + o)))
      a1 = i32x4.add(a1, i32x4.dot_i16x8_s(q, v128.load8x8_s(r1 + o)))
      a2 = i32x4.add(a2, i32x4.dot_i16x8_s(q, v128.load8x8_s(r2 + o)))
      a3 = i32x4.add(a3, i32x4.dot_i16x8_s(q, v128.load8x8_s(r3 + o)))
    }
    const at = (<usize>r) << 2
    const product = f32x4.mul(f32x4.convert_i32x4_s(sum4(a0, a1, a2, a3)), f32x4.mul(s, v128.load(scales + at)))
    const slack = f32x4.add(f32x4.mul(n, v128.load(errors + at)), f32x4.mul(e, v128.load(norms + at)))
    const bound = f32x4.add(product, slack)
    const hits = f32x4.ge(bound, least)
    if (!v128.any_true(hits)) continue
    const mask = i32x4.bitmask(hits)
    if (mask & 1) {
      store<i32>(out + ((<usize>found) << 3), r)
      store<f32>(out + ((<usize>found) << 3), f32x4.extract_lane(bound, 0), 4)
      found += 1
    }
    if (mask & 2) {
      store<i32>(out + ((<usize>found) << 3), r + 1)
      store<f32>(out + ((<usize>found) << 3), f32x4.extract_lane(bound, 1), 4)
      found += 1
    }
    if (mask & 4) {
      store<i32>(out + ((<usize>found) << 3), r + 2)
      store<f32>(out + ((<usize>found) << 3), f32x4.extract_lane(bound, 2), 4)
      found += 1
    }
    if (mask & 8) {
      store<i32>(out + ((<usize>found) << 3), r + 3)
      store<f32>(out + ((<usize>found) << 3), f32x4.extract_lane(bound, 3), 4)
      found += 1
    }
  }
  return found
}

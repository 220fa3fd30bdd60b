// The folding of `crc32c-folding.ts` in AssemblyScript with 128-bit SIMD: a state of 128 bytes, four planes of 32, that stands
// for everything before it. `i8x16.swizzle` looks sixteen nibbles up at once.

const LOW: usize = 0
const HIGH: usize = 64

// Sixteen bytes of one plane of the next state: what the nibbles (low and high, of the four planes) give to it, and the block.
// @ts-ignore: decorator
@inline function plane(
  tables: usize,
  l0: v128, h0: v128, l1: v128, h1: v128, l2: v128, h2: v128, l3: v128, h3: v128,
  block: v128,
): v128 {
  const p0 = v128.xor(i8x16.swizzle(v128.load(tables, LOW), l0), i8x16.swizzle(v128.load(tables, HIGH), h0))
  const p1 = v128.xor(i8x16.swizzle(v128.load(tables, 128 + LOW), l1), i8x16.swizzle(v128.load(tables, 128 + HIGH), h1))
  const p2 = v128.xor(i8x16.swizzle(v128.load(tables, 256 + LOW), l2), i8x16.swizzle(v128.load(tables, 256 + HIGH), h2))
  const p3 = v128.xor(i8x16.swizzle(v128.load(tables, 384 + LOW), l3), i8x16.swizzle(v128.load(tables, 384 + HIGH), h3))
  return v128.xor(v128.xor(v128.xor(p0, p1), v128.xor(p2, p3)), block)
}

// Folds the bytes from `from` to `to`, blocks of 128, into the state: state × x^1024, plus the next block.
// `tables`: for each plane of the state 128 bytes: from low nibbles to the four planes, from high nibbles to the four planes.
export function fold(tables: usize, state: usize, from: usize, to: usize): void {
  const nibble = i8x16.splat(15)
  // Lanes 0 to 15 and 16 to 31 of each plane do not meet.
  for (let half: usize = 0; half < 32; half += 16) {
    const place = state + half
    let s0 = v128.load(place)
    let s1 = v128.load(place, 32)
    let s2 = v128.load(place, 64)
    let s3 = v128.load(place, 96)
    for (let at = from + half; at < to; at += 128) {
      const l0 = v128.and(s0, nibble)
      const l1 = v128.and(s1, nibble)
      const l2 = v128.and(s2, nibble)
      const l3 = v128.and(s3, nibble)
      const h0 = i8x16.shr_u(s0, 4)
      const h1 = i8x16.shr_u(s1, 4)
      const h2 = i8x16.shr_u(s2, 4)
      const h3 = i8x16.shr_u(s3, 4)
      s0 = plane(tables, l0, h0, l1, h1, l2, h2, l3, h3, v128.load(at))
      s1 = plane(tables + 16, l0, h0, l1, h1, l2, h2, l3, h3, v128.load(at, 32))
      s2 = plane(tables + 32, l0, h0, l1, h1, l2, h2, l3, h3, v128.load(at, 64))
      s3 = plane(tables + 48, l0, h0, l1, h1, l2, h2, l3, h3, v128.load(at, 96))
    }
    v128.store(place, s0)
    v128.store(place, s1, 32)
    v128.store(place, s2, 64)
    v128.store(place, s3, 96)
  }
}

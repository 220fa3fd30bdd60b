// Dense pieces: products of tiles in registers, sums of squares, Cholesky.

// Lane k is the sum of the lanes of argument k.
// @ts-ignore: decorator
@inline export function sum4(a: v128, b: v128, c: v128, e: v128): v128 {
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

export function dot(a: usize, b: usize, bytes: usize): f32 {
  let s0 = f32x4.splat(0)
  let s1 = f32x4.splat(0)
  for (let o: usize = 0; o < bytes; o += 32) {
    s0 = f32x4.add(s0, f32x4.mul(v128.load(a + o), v128.load(b + o)))
    s1 = f32x4.add(s1, f32x4.mul(v128.load(a + o, 16), v128.load(b + o, 16)))
  }
  const s = f32x4.add(s0, s1)
  return f32x4.extract_lane(s, 0) + f32x4.extract_lane(s, 1) + (f32x4.extract_lane(s, 2) + f32x4.extract_lane(s, 3))
}

// Four rows i and eight columns j of Σ_k a[k][i] b[k][j], times `sign`, added to `keep` times c. Eight sums are what
// the engine keeps in registers; more of them are spilled and slower.
// @ts-ignore: decorator
@inline export function tile(
  a: usize, aStride: usize, b: usize, bStride: usize, count: i32, c: usize, stride: usize, sign: f32, keep: f32,
): void {
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
    a += aStride
    b += bStride
  }
  store2(c, c00, c01, sign, keep)
  store2(c + stride, c10, c11, sign, keep)
  store2(c + 2 * stride, c20, c21, sign, keep)
  store2(c + 3 * stride, c30, c31, sign, keep)
}

// `sign` and `keep` are constants of the call, and so these choices are made by the compiler.
// @ts-ignore: decorator
@inline function store2(c: usize, first: v128, second: v128, sign: f32, keep: f32): void {
  if (keep == 0) {
    v128.store(c, first)
    v128.store(c, second, 16)
  } else if (sign < 0) {
    v128.store(c, f32x4.sub(v128.load(c), first))
    v128.store(c, f32x4.sub(v128.load(c, 16), second), 16)
  } else {
    v128.store(c, f32x4.add(v128.load(c), first))
    v128.store(c, f32x4.add(v128.load(c, 16), second), 16)
  }
}

// Upper triangle of c += PᵀP, P count × d. Below the diagonal only the rest of a tile is written.
export function addSquare(p: usize, count: i32, bytes: usize, c: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) {
    const row = c + (i >> 2) * bytes
    for (let j: usize = i & ~31; j < bytes; j += 32) tile(p + i, bytes, p + j, bytes, count, row + j, bytes, 1, 1)
  }
}

// In place: upper triangle A → U with A = Uᵀ U, four rows at a time. False when A is not positive definite.
export function factor(a: usize, d: i32): bool {
  const bytes = (<usize>d) << 2
  for (let i: i32 = 0; i < d; i += 4) {
    const block = a + (<usize>i) * bytes
    const offset = (<usize>i) << 2
    for (let j = offset & ~31; j < bytes; j += 32) tile(a + offset, bytes, a + j, bytes, i, block + j, bytes, -1, 1)
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
export function substitute(u: usize, d: i32, x: usize): void {
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

// The inner loops of DenseMatrix in AssemblyScript with 128-bit SIMD; `dense-reference.ts` is the same in TypeScript and
// the order of every sum is equal. All pointers are byte addresses of f64 (or i32) arrays in the imported memory; the
// caller lays them out (`dense-wasm.ts`). No memory is allocated here.

function dot(a: usize, b: usize, length: i32): f64 {
  let low = f64x2.splat(0)
  let high = f64x2.splat(0)
  const whole = length & ~3
  let j: i32 = 0
  for (; j < whole; j += 4) {
    low = f64x2.add(low, f64x2.mul(v128.load(a), v128.load(b)))
    high = f64x2.add(high, f64x2.mul(v128.load(a, 16), v128.load(b, 16)))
    a += 32
    b += 32
  }
  const pairs = f64x2.add(low, high)
  let sum = f64x2.extract_lane(pairs, 0) + f64x2.extract_lane(pairs, 1)
  for (; j < length; j++) {
    sum += load<f64>(a) * load<f64>(b)
    a += 8
    b += 8
  }
  return sum
}

function squaredDistance(a: usize, b: usize, length: i32): f64 {
  let low = f64x2.splat(0)
  let high = f64x2.splat(0)
  const whole = length & ~3
  let j: i32 = 0
  for (; j < whole; j += 4) {
    const d0 = f64x2.sub(v128.load(a), v128.load(b))
    const d1 = f64x2.sub(v128.load(a, 16), v128.load(b, 16))
    low = f64x2.add(low, f64x2.mul(d0, d0))
    high = f64x2.add(high, f64x2.mul(d1, d1))
    a += 32
    b += 32
  }
  const pairs = f64x2.add(low, high)
  let sum = f64x2.extract_lane(pairs, 0) + f64x2.extract_lane(pairs, 1)
  for (; j < length; j++) {
    const d = load<f64>(a) - load<f64>(b)
    sum += d * d
    a += 8
    b += 8
  }
  return sum
}

// into[j] += scale * from[j]
function addScaled(from: usize, into: usize, scale: f64, length: i32): void {
  const s = f64x2.splat(scale)
  const whole = length & ~1
  let j: i32 = 0
  for (; j < whole; j += 2) {
    v128.store(into, f64x2.add(v128.load(into), f64x2.mul(s, v128.load(from))))
    from += 16
    into += 16
  }
  if (j < length) store<f64>(into, load<f64>(into) + scale * load<f64>(from))
}

export function multiply(values: usize, columns: i32, rows: i32, vector: usize, out: usize): void {
  const stride = (<usize>columns) << 3
  for (let r: i32 = 0; r < rows; r++) {
    store<f64>(out, dot(values, vector, columns))
    values += stride
    out += 8
  }
}

export function addTransposed(values: usize, columns: i32, rows: i32, scale: usize, out: usize): void {
  const stride = (<usize>columns) << 3
  for (let r: i32 = 0; r < rows; r++) {
    addScaled(values, out, load<f64>(scale), columns)
    values += stride
    scale += 8
  }
}

export function addGram(values: usize, columns: i32, rows: i32, scale: usize, gram: usize): void {
  const stride = (<usize>columns) << 3
  for (let r: i32 = 0; r < rows; r++) {
    const weight = load<f64>(scale)
    let row = gram
    for (let i: i32 = 0; i < columns; i++) {
      addScaled(values, row, weight * load<f64>(values + ((<usize>i) << 3)), i + 1)
      row += stride
    }
    values += stride
    scale += 8
  }
}

// Four rows side by side: a center is read once for all, and no row waits for another's sums, each in the order of
// `squaredDistance`.
function nearestOfFour(
  values: usize,
  columns: i32,
  centers: usize,
  count: i32,
  index: usize,
  distance: usize,
): void {
  const stride = (<usize>columns) << 3
  const whole = columns & ~3
  let bestA: f64 = Infinity
  let bestB: f64 = Infinity
  let bestC: f64 = Infinity
  let bestD: f64 = Infinity
  store<i64>(index, 0)
  store<i64>(index, 0, 8)
  let center = centers
  for (let c: i32 = 0; c < count; c++) {
    let a = values
    let b = values + stride
    let e = b + stride
    let f = e + stride
    let at = center
    let lowA = f64x2.splat(0)
    let lowB = f64x2.splat(0)
    let lowC = f64x2.splat(0)
    let lowD = f64x2.splat(0)
    let highA = f64x2.splat(0)
    let highB = f64x2.splat(0)
    let highC = f64x2.splat(0)
    let highD = f64x2.splat(0)
    let j: i32 = 0
    for (; j < whole; j += 4) {
      const low = v128.load(at)
      const high = v128.load(at, 16)
      lowA = addSquare(lowA, v128.load(a), low)
      highA = addSquare(highA, v128.load(a, 16), high)
      lowB = addSquare(lowB, v128.load(b), low)
      highB = addSquare(highB, v128.load(b, 16), high)
      lowC = addSquare(lowC, v128.load(e), low)
      highC = addSquare(highC, v128.load(e, 16), high)
      lowD = addSquare(lowD, v128.load(f), low)
      highD = addSquare(highD, v128.load(f, 16), high)
      a += 32
      b += 32
      e += 32
      f += 32
      at += 32
    }
    let sumA = pairSum(lowA, highA)
    let sumB = pairSum(lowB, highB)
    let sumC = pairSum(lowC, highC)
    let sumD = pairSum(lowD, highD)
    for (; j < columns; j++) {
      const x = load<f64>(at)
      sumA += (load<f64>(a) - x) * (load<f64>(a) - x)
      sumB += (load<f64>(b) - x) * (load<f64>(b) - x)
      sumC += (load<f64>(e) - x) * (load<f64>(e) - x)
      sumD += (load<f64>(f) - x) * (load<f64>(f) - x)
      a += 8
      b += 8
      e += 8
      f += 8
      at += 8
    }
    if (sumA < bestA) {
      bestA = sumA
      store<i32>(index, c)
    }
    if (sumB < bestB) {
      bestB = sumB
      store<i32>(index, c, 4)
    }
    if (sumC < bestC) {
      bestC = sumC
      store<i32>(index, c, 8)
    }
    if (sumD < bestD) {
      bestD = sumD
      store<i32>(index, c, 12)
    }
    center += stride
  }
  store<f64>(distance, bestA)
  store<f64>(distance, bestB, 8)
  store<f64>(distance, bestC, 16)
  store<f64>(distance, bestD, 24)
}

// @ts-ignore: decorator
@inline
function addSquare(sum: v128, x: v128, y: v128): v128 {
  const d = f64x2.sub(x, y)
  return f64x2.add(sum, f64x2.mul(d, d))
}

// @ts-ignore: decorator
@inline
function pairSum(low: v128, high: v128): f64 {
  const pairs = f64x2.add(low, high)
  return f64x2.extract_lane(pairs, 0) + f64x2.extract_lane(pairs, 1)
}

export function nearest(
  values: usize,
  columns: i32,
  rows: i32,
  centers: usize,
  count: i32,
  index: usize,
  distance: usize,
): void {
  const stride = (<usize>columns) << 3
  let r: i32 = 0
  for (; r + 4 <= rows; r += 4) {
    nearestOfFour(values, columns, centers, count, index, distance)
    values += 4 * stride
    index += 16
    distance += 32
  }
  for (; r < rows; r++) {
    let best: f64 = Infinity
    let bestIndex: i32 = 0
    let center = centers
    for (let c: i32 = 0; c < count; c++) {
      const d = squaredDistance(values, center, columns)
      if (d < best) {
        best = d
        bestIndex = c
      }
      center += stride
    }
    store<i32>(index, bestIndex)
    store<f64>(distance, best)
    values += stride
    index += 4
    distance += 8
  }
}

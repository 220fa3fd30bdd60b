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
  for (let r: i32 = 0; r < rows; r++) {
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
